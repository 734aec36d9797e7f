//! The resources of the API, one file each: their routes, their parameters, their shapes.

pub(crate) mod about;
pub(crate) mod compare;
pub(crate) mod document;
pub(crate) mod events;
pub(crate) mod run;
pub(crate) mod runs;
