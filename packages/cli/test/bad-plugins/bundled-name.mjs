export default { name: 'forward', api: 1, about: 'Sample.', monitor: class { watch() {} } };
