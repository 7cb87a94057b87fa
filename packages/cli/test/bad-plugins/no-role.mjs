export default { name: 'sample', api: 1, about: 'Sample.' };
