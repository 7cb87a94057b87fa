export default { name: 'good', api: 1, about: 'Sample.', backEnd: class { connect() {} } };
