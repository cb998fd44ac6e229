// Loads the library that writes settings only in the commands that change them.
export { default as Conf } from 'conf';
