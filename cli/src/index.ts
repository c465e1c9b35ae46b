// What other packages may use of the command line: the model store and the frame that runs commands.
export { main } from './main.ts';
