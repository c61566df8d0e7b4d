//! From tokens to a path: where it starts and where it goes.

use super::expr::{Expr, Path, Root, Step};
use super::lex::{Quoted, Token};
use super::parse::{Parsed, Parser, as_id};
use super::pattern::Who;
use super::{FieldUse, LEADER, NameUse, Place, PredicateError};

impl Parser<'_> {
    /// A path; `what` was expected if none is here.
    pub(super) fn path(&mut self, what: &str) -> Parsed<Path> {
        let start = self.span().start;
        let Token::Word(word) = *self.peek() else { return Err(self.expected(what)) };
        if word == "node" && *self.peek_second() == Token::Symbol("(") {
            return match self.deeper(|parser| parser.function(word))? {
                Expr::Path(path) => Ok(path),
                _ => Err(self.expected(what)),
            };
        }
        if let Some(root) = self.special_root(word)? {
            self.advance();
            return self.steps(root, vec![], start);
        }
        if matches!(as_id(word), Some(('n', _))) || word == LEADER {
            let root = if word == LEADER { self.leader() } else { Root::Node(self.who()?) };
            return self.steps(root, vec![], start);
        }
        if matches!(word, "and" | "or" | "not" | "in" | "where" | "true" | "false" | "null") {
            return Err(self.expected(what));
        }
        if self.folds == 0 && !self.has_event {
            let root = self.named_node(word)?;
            return self.steps(root, vec![], start);
        }
        self.advance();
        let root = if self.folds == 0 { Root::Payload } else { Root::Each };
        self.steps(root, vec![Step::Field(word.to_string())], start)
    }

    /// `leader`, after which `.node` is a field of its state and no plan item's.
    fn leader(&mut self) -> Root {
        let who = Who::Role(LEADER.to_string());
        self.names.push(NameUse { who: who.clone(), span: self.span() });
        self.advance();
        Root::Node(who)
    }

    /// A role or plan item at the head of a path.
    fn named_node(&mut self, word: &str) -> Parsed<Root> {
        if *self.peek_second() == Token::Symbol(".") {
            let start = self.span();
            let is_item = matches!(self.peek_beyond(2), Token::Word("node"));
            if is_item {
                return Ok(Root::Node(self.who()?));
            }
            self.advance();
            let who = Who::Role(word.to_string());
            self.names.push(NameUse { who: who.clone(), span: start });
            return Ok(Root::Node(who));
        }
        let error = PredicateError::new(format!("`{word}` of which node?"), self.span());
        Err(error.help(format!(
            "write `n1.{word}`, `leader.{word}` or `any({word} ..)`; a text needs quotes: {}",
            Quoted(word)
        )))
    }

    /// What a word means wherever a path may start.
    fn special_root(&self, word: &str) -> Parsed<Option<Root>> {
        let root = match word {
            "time" => return Ok(Some(Root::Time)),
            "self" if self.folds == 0 => {
                let error = PredicateError::new("there is no `self` here", self.span());
                return Err(error.help("`self` is the node that `count`, `any` or `all` asks"));
            }
            "self" => return Ok(Some(Root::Each)),
            "from" => Root::From,
            "to" => Root::To,
            "node" => Root::At,
            "client" => Root::Client,
            "name" => Root::Name,
            "payload" => Root::Payload,
            _ => return Ok(None),
        };
        if self.has_event {
            return Ok(Some(root));
        }
        let message = format!("`{word}` is part of an event, and no event is named");
        let error = PredicateError::new(message, self.span());
        Err(if self.folds == 0 {
            error.help("name one, as in `deliver where ..`")
        } else {
            error.help(format!("for the node's own field write `self.{word}`"))
        })
    }

    /// The steps after `root` and those that were read, in a path that began at `start`.
    pub(super) fn steps(&mut self, root: Root, mut steps: Vec<Step>, start: usize) -> Parsed<Path> {
        loop {
            let opened = self.span();
            if self.take(".") {
                let Token::Word(word) = *self.peek() else { return Err(self.expected("a field")) };
                self.advance();
                steps.push(Step::Field(word.to_string()));
            } else if self.take("[") {
                steps.push(Step::Index(self.literal()?));
                self.close("]", opened)?;
            } else {
                break;
            }
        }
        let span = self.since(start);
        let path = Path { root, steps };
        if matches!(path.root, Root::Client | Root::Name | Root::Time) && !path.steps.is_empty() {
            let message = format!("`{}`: this has no fields", self.written(span.clone()));
            return Err(PredicateError::new(message, span));
        }
        if let (Some(Step::Field(name)), None) = (path.steps.first(), path.node_field()) {
            let place = if path.root == Root::Payload { Place::Payload } else { Place::State };
            self.fields.push(FieldUse { place, name: name.clone(), span });
        }
        Ok(path)
    }

    /// A node as an argument.
    pub(super) fn node(&mut self, start: usize) -> Parsed<Root> {
        let word = if let Token::Word(word) = *self.peek() { word } else { "" };
        if let Some(root) = self.special_root(word)?.filter(Root::is_node) {
            self.advance();
            return Ok(root);
        }
        match self.who()? {
            Who::Client(client) => {
                let message = format!("`{client}` is a client, not a node");
                Err(PredicateError::new(message, self.since(start)))
            }
            who @ (Who::Node(_) | Who::Role(_) | Who::ItemNode(_)) => Ok(Root::Node(who)),
        }
    }
}
