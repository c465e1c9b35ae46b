export {}; // cache builder's native functions
