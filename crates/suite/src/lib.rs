//! The suite file: YAML to a RunSpec, datasets to cases, templates, extraction
