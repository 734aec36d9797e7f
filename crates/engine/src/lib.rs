//! Sends a RunSpec's slots to its targets and hands back records
