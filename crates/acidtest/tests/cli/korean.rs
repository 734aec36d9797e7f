//! Korean messages.
