//! chrF and chrF++.
