export default { name: 'sample', api: 1, about: 'Sample.', targets: 'any', monitor: class { watch() {} } };
