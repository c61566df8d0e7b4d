//! Tokens: one word that repeats a run, such as `raft/figure-8@42+bug=R1+servers=7~3f2a91bc`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use orrery_sim::Digest;
use orrery_sim::random::RNG_VERSION;

use crate::catalogue::Catalogue;
use crate::error::ScenarioErrors;
use crate::overrides::Override;
use crate::plan_file::PlanFile;
use crate::scenario::Scenario;

/// The key under which a token names bugs.
const BUG: &str = "bug";
/// The key under which a token names a plan file.
const PLAN: &str = "plan";
/// Hexadecimal digits that stand for the scenario's text; the last three of eight stand for the engine.
const TEXT_DIGITS: usize = 5;
/// All digits of the fingerprint.
const DIGITS: usize = 8;

/// What repeats a run. It prints without a character that a shell would touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The scenario's name, or the path of its file.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// What was set.
    pub overrides: Vec<Override>,
    /// The planted bugs.
    pub bugs: Vec<String>,
    /// The path of the plan file, relative to the current folder.
    pub plan: Option<String>,
    /// Eight hexadecimal digits that stand for the scenario's text, that of its plan file, and the engine's version.
    pub fingerprint: String,
}

/// Why a token does not repeat a run.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not written like one.
    #[error("`{token}` is no token: {problem}; one looks like `raft/figure-8@42+bug=R1~3f2a91bc`")]
    Malformed {
        /// The text.
        token: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Its scenario cannot be had.
    #[error(transparent)]
    Scenario(#[from] ScenarioErrors),
    /// The scenario or the engine is another than at the time of the run.
    #[error(
        "the token was made {by}, so the run may differ; \
         to run it all the same: orrery run {command}"
    )]
    Mismatch {
        /// What differs.
        by: &'static str,
        /// The arguments of `orrery run` for the same run as it would be now.
        command: String,
    },
}

/// A token resolved: the scenario, the seed, the overrides and the bugs.
pub type Resolved = (Scenario, u64, Vec<Override>, Vec<String>);

impl Token {
    /// The token of a run.
    pub fn of(scenario: &Scenario, seed: u64, overrides: &[Override], bugs: &[String]) -> Self {
        Self {
            scenario: scenario.name().into(),
            seed,
            overrides: overrides.to_vec(),
            bugs: bugs.to_vec(),
            plan: scenario.plan_file().map(|file| file.name().to_string()),
            fingerprint: fingerprint(scenario),
        }
    }

    /// What the token stands for, if it still stands for the same.
    ///
    /// # Errors
    /// Where the scenario cannot be had, or it or the engine has changed.
    pub fn resolve(&self, catalogue: &Catalogue) -> Result<Resolved, TokenError> {
        let mut scenario = catalogue.load(&self.scenario)?;
        if let Some(path) = &self.plan {
            scenario = scenario.with_plan(PlanFile::load(path)?);
        }
        let now = fingerprint(&scenario);
        let is_text_same = now[..TEXT_DIGITS] == self.fingerprint[..TEXT_DIGITS];
        let is_engine_same = now[TEXT_DIGITS..] == self.fingerprint[TEXT_DIGITS..];
        let by = match (is_text_same, is_engine_same, &self.plan) {
            (true, true, _) => {
                return Ok((scenario, self.seed, self.overrides.clone(), self.bugs.clone()));
            }
            (true, false, _) => "by another version of the engine",
            (false, true, None) => "with another text of the scenario",
            (false, true, Some(_)) => "with another text of the scenario or of its plan file",
            (false, false, None) => {
                "with another text of the scenario and another version of the engine"
            }
            (false, false, Some(_)) => {
                "with another text of the scenario or of its plan file and another version of the engine"
            }
        };
        Err(TokenError::Mismatch { by, command: self.arguments() })
    }

    /// The arguments of `orrery run` for the same run, whatever has changed.
    pub fn arguments(&self) -> String {
        let head = format!("{} --seed {}", shell_word(&self.scenario), self.seed);
        let bugs = self.bugs.iter().map(|bug| format!(" --bug {}", shell_word(bug)));
        let set = |change: &Override| format!(" --set {}", shell_word(&change.to_string()));
        let plan = self.plan.iter().map(|path| format!(" --plan {}", shell_word(path)));
        std::iter::once(head)
            .chain(bugs)
            .chain(self.overrides.iter().map(set))
            .chain(plan)
            .collect()
    }
}

/// The digits of the scenario's text and its plan file's, then those of the engine.
fn fingerprint(scenario: &Scenario) -> String {
    let digits = |data: &str| {
        let digest = Digest::of(data).expect("a text has a digest");
        digest.to_string()
    };
    let text = match scenario.plan_file() {
        None => Cow::Borrowed(scenario.text()),
        // No text of a scenario has a null byte, so that none ends where a plan file begins.
        Some(file) => Cow::Owned(format!("{}\0{}", scenario.text(), file.text())),
    };
    // All crates of the workspace share one version.
    let engine = format!("{}/{RNG_VERSION}", env!("CARGO_PKG_VERSION"));
    let mut print = digits(&text)[..TEXT_DIGITS].to_string();
    print += &digits(&engine)[..DIGITS - TEXT_DIGITS];
    print
}

/// Whether a character stands for itself in a token.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'/' | b'-')
}

fn encode(text: &str) -> String {
    let encoded = |byte| {
        if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encoded).collect()
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            byte if is_plain(byte) => bytes.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(bytes).ok()
}

/// `text` as one word of a shell.
fn shell_word(text: &str) -> String {
    let is_word = !text.is_empty() && text.bytes().all(|byte| is_plain(byte) || byte == b'=');
    if is_word { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", encode(&self.scenario), self.seed)?;
        for bug in &self.bugs {
            write!(f, "+{BUG}={}", encode(bug))?;
        }
        for Override { key, value } in &self.overrides {
            write!(f, "+{}={}", encode(key), encode(value))?;
        }
        if let Some(path) = &self.plan {
            write!(f, "+{PLAN}={}", encode(path))?;
        }
        write!(f, "~{}", self.fingerprint)
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        Self::read(text).map_err(|problem| TokenError::Malformed { token: text.into(), problem })
    }
}

impl Token {
    fn read(text: &str) -> Result<Self, &'static str> {
        const ENCODING: &str =
            "it has a character that is not written as `%` and two hexadecimal digits";
        let (run, fingerprint) = text
            .trim()
            .rsplit_once('~')
            .ok_or("the fingerprint is missing: `~` and eight digits")?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if fingerprint.len() != DIGITS || !fingerprint.bytes().all(is_hex) {
            return Err("after `~` stand eight hexadecimal digits");
        }
        let mut parts = run.split('+');
        let head = parts.next().unwrap_or_default();
        let (scenario, seed) =
            head.split_once('@').ok_or("the seed is missing: `@` and a number")?;
        let scenario = decode(scenario).ok_or(ENCODING)?;
        if scenario.is_empty() {
            return Err("the scenario is missing before `@`");
        }
        let seed =
            seed.parse().map_err(|_| "the seed after `@` is no number from 0 to 2^64 - 1")?;
        let (mut overrides, mut bugs, mut plan) = (Vec::new(), Vec::new(), None);
        for part in parts {
            let (key, value) = part.split_once('=').ok_or("after `+` stands KEY=VALUE")?;
            let (key, value) = (decode(key).ok_or(ENCODING)?, decode(value).ok_or(ENCODING)?);
            match key.as_str() {
                "" => return Err("a key is missing between `+` and `=`"),
                BUG => bugs.push(value),
                PLAN if plan.is_some() => return Err("it names two plan files"),
                PLAN => plan = Some(value),
                _ => overrides.push(Override { key, value }),
            }
        }
        Ok(Self { scenario, seed, overrides, bugs, plan, fingerprint: fingerprint.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "format = 1\ntitle = \"t\"\nprotocol = \"ping\"\nnodes = 2\nstop_at = \"1s\"\n";

    fn token() -> Token {
        let scenario = Scenario::from_text("my lab/a.toml", TEXT).unwrap();
        let overrides = ["link.loss=5%", "x=a b+c~d@e"].map(|text| text.parse().unwrap());
        Token::of(&scenario, 42, &overrides, &["R1".into(), "R2".into()])
    }

    #[test]
    fn tokens_read_back_and_are_safe_in_a_shell() {
        let text = token().to_string();
        assert!(
            text.starts_with(
                "my%20lab/a.toml@42+bug=R1+bug=R2+link.loss=5%25+x=a%20b%2Bc%7Ed%40e~"
            )
        );
        assert!(text.bytes().all(|byte| is_plain(byte) || b"@+=~%".contains(&byte)), "{text}");
        assert_eq!(text.parse::<Token>().unwrap(), token());
    }

    #[test]
    fn bad_tokens_say_what_is_missing() {
        let problem = |text: &str| text.parse::<Token>().unwrap_err().to_string();
        assert!(problem("raft/figure-8@42").contains("the fingerprint is missing"));
        assert!(problem("raft/figure-8@42~3f2a").contains("eight hexadecimal digits"));
        assert!(problem("raft/figure-8~3f2a91bc").contains("the seed is missing"));
        assert!(problem("raft/figure-8@x~3f2a91bc").contains("no number"));
        assert!(problem("raft/figure-8@1+loss~3f2a91bc").contains("KEY=VALUE"));
        assert!(problem("raft/a b@1~3f2a91bc").contains("hexadecimal digits"));
    }

    #[test]
    fn a_changed_text_or_engine_is_told_and_never_replayed() {
        let catalogue = Catalogue::builtin().with("lab/a", TEXT);
        let scenario = catalogue.load("lab/a").unwrap();
        let token = Token::of(&scenario, 7, &[], &["R1".into()]);
        assert!(token.resolve(&catalogue).is_ok());
        let mut changed = token.clone();
        changed
            .fingerprint
            .replace_range(0..1, if token.fingerprint.starts_with('0') { "1" } else { "0" });
        let message = changed.resolve(&catalogue).unwrap_err().to_string();
        assert!(message.contains("another text of the scenario"), "{message}");
        assert!(message.ends_with("orrery run lab/a --seed 7 --bug R1"), "{message}");
        let mut changed = token.clone();
        changed
            .fingerprint
            .replace_range(7..8, if token.fingerprint.ends_with('0') { "1" } else { "0" });
        let message = changed.resolve(&catalogue).unwrap_err().to_string();
        assert!(message.contains("another version of the engine"), "{message}");
    }
}
