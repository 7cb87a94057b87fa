export default { name: 'sample', api: 1, about: 'Sample.', options: { type: 'object' }, monitor: class { watch() {} } };
