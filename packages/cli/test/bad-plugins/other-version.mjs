export default { name: 'sample', api: 2, about: 'Sample.', monitor: class { watch() {} } };
