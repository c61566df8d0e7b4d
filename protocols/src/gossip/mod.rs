//! Epidemics: sites that tell random others what they know, until all know it.
//!
//! **Sources:** A. Demers, D. Greene, C. Hauser, W. Irish, J. Larson, S. Shenker, H. Sturgis, D. Swinehart and D. Terry,
//! *Epidemic Algorithms for Replicated Database Maintenance*, PODC 1987 and Xerox PARC report CSL-89-1, cited as "Demers".
//!
//! - [`rumor`]: one update, told as a rumor until it is old news, or for ever.
//! - [`averaging`]: the mean of all sites' values, by push-sum and by pairs.
//! - [`database`]: a replicated database, by mail, rumors and anti-entropy, with death certificates.

pub mod averaging;
pub mod database;
pub mod rumor;
