//! The built-in model server, over real sockets, whose truth is known
