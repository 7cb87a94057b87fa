export default { name: 'sample', about: 'Sample.', monitor: class { watch() {} } };
