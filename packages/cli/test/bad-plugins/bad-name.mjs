export default { name: 'Sample One', api: 1, about: 'Sample.', monitor: class { watch() {} } };
