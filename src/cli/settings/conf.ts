// The library that keeps settings is loaded by the commands that change them, through this name.
export { default as Conf } from 'conf';
