//! Places in a run that people can name: an event, a time, the start, the end, the broken rule.

use std::fmt;
use std::str::FromStr;

use orrery_sim::{Duration, SimTime};

/// A place in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the first event.
    Start,
    /// After the last event.
    End,
    /// The event at which a rule was found broken.
    Violation,
    /// The event of that number; 0 is the start.
    Event(u64),
    /// The last event that is not later than this.
    Time(SimTime),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.strip_prefix('#').unwrap_or(text).replace('_', "");
        if !digits.is_empty() && digits.chars().all(|letter| letter.is_ascii_digit()) {
            let number = digits.parse().map(Self::Event);
            return number.map_err(|_| format!("`{text}` is larger than any event number"));
        }
        match text {
            "start" => Ok(Self::Start),
            "end" => Ok(Self::End),
            "violation" => Ok(Self::Violation),
            _ => match text.parse::<Duration>() {
                Ok(since_start) => Ok(Self::Time(SimTime::from_nanos(since_start.as_nanos()))),
                Err(_) => {
                    Err(format!("`{text}` is no place: write 18, 1.2s, start, end or violation"))
                }
            },
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::End => f.write_str("end"),
            Self::Violation => f.write_str("violation"),
            Self::Event(number) => write!(f, "{number}"),
            Self::Time(time) => write!(f, "{}", time.since(SimTime::ZERO)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_errors_say_what_is_right() {
        assert_eq!("18".parse(), Ok(Place::Event(18)));
        assert_eq!("#1_842".parse(), Ok(Place::Event(1_842)));
        assert_eq!(" violation ".parse(), Ok(Place::Violation));
        let time = SimTime::from_nanos(1_200_000_000);
        assert_eq!("1.2s".parse(), Ok(Place::Time(time)));
        assert_eq!(Place::Time(time).to_string(), "1.2s");
        for wrong in ["", "12x", "1.2", "-3ms", "99999999999999999999"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
        assert!("soon".parse::<Place>().unwrap_err().contains("1.2s, start"));
    }
}
