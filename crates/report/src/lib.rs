//! Findings to terminal and JSON
