export default {
  get api() {
    throw new Error('not now');
  },
};
