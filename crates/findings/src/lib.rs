//! From a view of records to findings: estimates with intervals, and gates
