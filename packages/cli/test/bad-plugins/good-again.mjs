export default { name: 'good', api: 1, about: 'Sample.', monitor: class { watch() {} } };
