//! The resources of the API, one file each: their routes, their parameters, their shapes.

pub(crate) mod about;
pub(crate) mod annotations;
pub(crate) mod cases;
pub(crate) mod compare;
pub(crate) mod document;
pub(crate) mod events;
pub(crate) mod frontier;
pub(crate) mod leaderboard;
pub(crate) mod raw;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod votes;
