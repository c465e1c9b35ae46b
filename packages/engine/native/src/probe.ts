export {}; // probe's native functions
