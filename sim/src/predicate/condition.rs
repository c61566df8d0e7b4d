//! From tokens to a condition: one function per level of precedence, loosest first.

use std::ops::Range;

use super::PredicateError;
use super::expr::{Comparison, Expr, Fold, Literal, Members, NodeField, Path, Root, Sign, Step};
use super::lex::{Quoted, Token, is_word, too_large};
use super::parse::{Parsed, Parser, as_id};
use super::suggest::closest;

/// Functions that are no [`Fold`].
const FUNCTIONS: [&str; 4] = ["len", "up", "role", "node"];

impl Parser<'_> {
    /// A condition that is not part of another expression.
    pub(super) fn whole_condition(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let condition = self.disjunction()?;
        self.require_truth(&condition, start)?;
        Ok(condition)
    }

    fn disjunction(&mut self) -> Parsed<Expr> {
        let is_or = |token: &Token<'_>| matches!(token, Token::Word("or") | Token::Symbol("||"));
        self.joined(Self::conjunction, is_or, Expr::Or)
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        let is_and = |token: &Token<'_>| matches!(token, Token::Word("and") | Token::Symbol("&&"));
        self.joined(Self::negation, is_and, Expr::And)
    }

    /// One operand, or several with a joint between each two.
    fn joined(
        &mut self,
        operand: fn(&mut Self) -> Parsed<Expr>,
        is_joint: fn(&Token<'_>) -> bool,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Parsed<Expr> {
        let start = self.span().start;
        let first = operand(self)?;
        if !is_joint(self.peek()) {
            return Ok(first);
        }
        self.require_truth(&first, start)?;
        let mut operands = vec![first];
        while is_joint(self.peek()) {
            self.advance();
            let start = self.span().start;
            let next = operand(self)?;
            self.require_truth(&next, start)?;
            operands.push(next);
        }
        Ok(join(operands))
    }

    fn negation(&mut self) -> Parsed<Expr> {
        if !self.take_word("not") && !self.take("!") {
            return self.comparison();
        }
        let start = self.span().start;
        let operand = self.deeper(Self::negation)?;
        self.require_truth(&operand, start)?;
        Ok(Expr::Not(Box::new(operand)))
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let left = self.sum()?;
        let left_span = self.since(start);
        if self.take_word("in") {
            return Ok(Expr::In(Box::new(left), self.members()?));
        }
        let comparison = match self.peek() {
            Token::Symbol("=" | "==") => Comparison::Equal,
            Token::Symbol("!=") => Comparison::NotEqual,
            Token::Symbol("<") => Comparison::Less,
            Token::Symbol("<=") => Comparison::LessOrEqual,
            Token::Symbol(">") => Comparison::Greater,
            Token::Symbol(">=") => Comparison::GreaterOrEqual,
            Token::Symbol("~") => Comparison::Contains,
            _ => return Ok(left),
        };
        self.advance();
        let start = self.span().start;
        let right = self.sum()?;
        let right_span = self.since(start);
        fits(&left, &right, right_span)?;
        fits(&right, &left, left_span)?;
        Ok(Expr::Compare(Box::new(left), comparison, Box::new(right)))
    }

    fn members(&mut self) -> Parsed<Members> {
        let opened = self.span();
        if !self.take("[") {
            return Ok(Members::Of(self.path("a list, as in `[2, 3]`, or a field")?));
        }
        let mut literals = Vec::new();
        while !self.at("]") {
            literals.push(self.literal()?);
            if !self.take(",") {
                break;
            }
        }
        self.close("]", opened)?;
        Ok(Members::Listed(literals))
    }

    fn sum(&mut self) -> Parsed<Expr> {
        let first = self.term()?;
        let mut rest = Vec::new();
        loop {
            let sign = match self.peek() {
                Token::Symbol("+") => Sign::Plus,
                Token::Symbol("-") => Sign::Minus,
                _ => break,
            };
            self.advance();
            rest.push((sign, self.term()?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Sum(Box::new(first), rest) })
    }

    fn term(&mut self) -> Parsed<Expr> {
        let opened = self.span();
        if self.take("(") {
            let inner = self.deeper(Self::disjunction)?;
            self.close(")", opened)?;
            return Ok(inner);
        }
        let Token::Word(word) = *self.peek() else { return self.literal().map(Expr::Literal) };
        if *self.peek_second() == Token::Symbol("(") && word != "not" {
            return self.deeper(|parser| parser.function(word));
        }
        let has_steps = matches!(self.peek_second(), Token::Symbol("." | "["));
        let is_constant = as_id(word).is_some_and(|(letter, _)| !has_steps || letter == 'c')
            || matches!(word, "true" | "false" | "null");
        if is_constant {
            return self.literal().map(Expr::Literal);
        }
        self.path("a value").map(Expr::Path)
    }

    // Constants.

    pub(super) fn literal(&mut self) -> Parsed<Literal> {
        let span = self.span();
        let is_negative = self.take("-");
        let literal = match self.peek().clone() {
            Token::Int(number) => self.integer(number, is_negative)?,
            _ if is_negative => return Err(self.expected("a number after `-`")),
            Token::Duration(duration) => Literal::Duration(duration),
            Token::Text(text) => Literal::Text(text),
            Token::Word("true") => Literal::Bool(true),
            Token::Word("false") => Literal::Bool(false),
            Token::Word("null") => Literal::Null,
            Token::Word(word) => match as_id(word) {
                Some((letter, digits)) => self.id(letter, digits, span)?,
                None => return Err(not_constant(word, span)),
            },
            Token::Symbol(_) | Token::End => return Err(self.expected("a value")),
        };
        self.advance();
        Ok(literal)
    }

    fn integer(&self, number: u128, is_negative: bool) -> Parsed<Literal> {
        let signed = if is_negative {
            0_i128.checked_sub_unsigned(number)
        } else {
            i128::try_from(number).ok()
        };
        let span = self.span();
        signed.map(Literal::Int).ok_or_else(|| too_large(self.written(span.clone()), span))
    }

    fn id(&mut self, letter: char, digits: &str, span: Range<usize>) -> Parsed<Literal> {
        if *self.peek_second() == Token::Symbol(".") {
            let message = format!("`{letter}{digits}` has no fields");
            return Err(PredicateError::new(message, span).help("only a node's state has some"));
        }
        if letter == 'n' || letter == 'c' {
            self.who_by_id(letter, digits, span.clone())?;
        }
        let number = digits.parse().map_err(|_| too_large(digits, span))?;
        Ok(Literal::Id(letter, number))
    }

    // Functions.

    pub(super) fn function(&mut self, word: &str) -> Parsed<Expr> {
        let span = self.span();
        self.advance();
        let opened = self.span();
        self.advance();
        let fold = Fold::ALL.into_iter().find(|fold| fold.word() == word);
        let expr = match (fold, word) {
            (Some(fold), _) => self.fold(fold)?,
            (None, "len") => Expr::Len(self.path("a field")?),
            (None, "up" | "role") => {
                let root = self.node(span.start)?;
                Expr::Path(Path { root, steps: vec![Step::Field(word.to_string())] })
            }
            (None, "node") => {
                let root = self.node(span.start)?;
                self.close(")", opened)?;
                return Ok(Expr::Path(self.steps(root, vec![], span.start)?));
            }
            (None, _) => return Err(no_function(word, span)),
        };
        self.close(")", opened)?;
        Ok(expr)
    }

    fn fold(&mut self, fold: Fold) -> Parsed<Expr> {
        let start = self.span().start;
        self.folds += 1;
        let inner = if fold.takes_condition() { self.disjunction()? } else { self.sum()? };
        self.folds -= 1;
        if fold.takes_condition() {
            self.require_truth(&inner, start)?;
        }
        Ok(Expr::Fold(fold, Box::new(inner)))
    }

    // What can be refused before the run.

    /// Refuses an expression that began at `start` and can never be true.
    fn require_truth(&self, expr: &Expr, start: usize) -> Parsed<()> {
        if expr.may_be_truth() {
            return Ok(());
        }
        let span = self.since(start);
        let written = self.written(span.clone());
        let error = PredicateError::new(format!("`{written}` is no condition"), span);
        Err(error.help(format!("compare it, as in `{written} = ..`")))
    }
}

/// Refuses `other`, at `span`, where it surely is not what `value` can be compared with.
fn fits(value: &Expr, other: &Expr, span: Range<usize>) -> Parsed<()> {
    let Expr::Path(path) = value else {
        return no_capital(other, span);
    };
    if let (Root::Time, Expr::Literal(Literal::Int(number))) = (&path.root, other) {
        let error = PredicateError::new(format!("`{number}` has no unit"), span);
        return Err(error.help(format!("write `{number}s` or `{number}ms`")));
    }
    match other {
        Expr::Path(other) if path.node_field() == Some(NodeField::Role) => {
            match other.bare_word() {
                Some(word) => Err(needs_quotes(word, span)),
                None => Ok(()),
            }
        }
        _ => no_capital(other, span),
    }
}

/// Refuses a bare word with a capital: fields have none, and the name of a variant is a text.
fn no_capital(expr: &Expr, span: Range<usize>) -> Parsed<()> {
    match expr {
        Expr::Path(path) => match path.bare_word() {
            Some(word) if word.starts_with(|c: char| c.is_ascii_uppercase()) => {
                Err(needs_quotes(word, span))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn needs_quotes(word: &str, span: Range<usize>) -> PredicateError {
    let error = PredicateError::new(format!("`{word}` is no field"), span);
    error.help(format!("a text needs quotes: {}", Quoted(word)))
}

fn not_constant(word: &str, span: Range<usize>) -> PredicateError {
    let error = PredicateError::new(format!("`{word}` is no constant"), span);
    if is_word(word) { error.help(format!("a text needs quotes: {}", Quoted(word))) } else { error }
}

fn no_function(word: &str, span: Range<usize>) -> PredicateError {
    let functions = Fold::ALL.map(Fold::word).into_iter().chain(FUNCTIONS);
    let error = PredicateError::new(format!("no function `{word}`"), span);
    match closest(word, functions.clone()) {
        Some(meant) => error.help(format!("did you mean `{meant}`?")),
        None => {
            error.help(format!("the functions are {}", functions.collect::<Vec<_>>().join(", ")))
        }
    }
}
