//! METEOR, exact and stem stages.
