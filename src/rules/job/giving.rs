//! Whether a job gives anything away of a stored variable.

use std::collections::HashMap;

use super::question::Question;
use super::step::Operation;

impl Question {
    /// Of these stored variables the first of which the job reveals anything, to whomever, or keeps
    /// something under a name that is not among theirs. Whatever is computed from a variable may tell
    /// of it.
    pub fn gives_away<'a>(&self, stored: &'a [String]) -> Option<&'a str> {
        if stored.is_empty() {
            return None;
        }
        let graph = self.graph().ok()?;
        // What depends on one of them, by name.
        let mut tells_of: HashMap<&str, &'a str> = HashMap::new();
        for &at in &graph.order {
            let operation = &self.steps[at].operation;
            if let Operation::Load { variable, stored: name, .. } = operation {
                let own = stored.iter().find(|own| *own == name);
                tells_of.extend(own.map(|own| (variable.as_str(), own.as_str())));
                continue;
            }
            let uses = operation.uses();
            let Some(own) = uses.into_iter().find_map(|name| tells_of.get(name).copied()) else {
                continue;
            };
            if matches!(operation, Operation::Reveal { .. } | Operation::Tell { .. }) {
                return Some(own);
            }
            tells_of.extend(operation.makes().into_iter().map(|name| (name, own)));
        }
        let mut kept = self.keep.iter().filter(|name| !stored.contains(name));
        kept.find_map(|name| tells_of.get(name.as_str()).copied())
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::job::Question;
    use crate::rules::job::file::Fields;

    fn question(keep: &str, steps: &str) -> Question {
        let load = |name: &str| {
            let version = "A".repeat(43);
            format!(
                "{{ id = \"load {name}\", operation = \"load\", variable = \"{name}\", \
                 stored = \"{name}\", range = \"0..=255\", version = \"{version}\" }},"
            )
        };
        let text = format!(
            "field = \"2^61-1\"\nkeep = [{keep}]\nreplace = true\nsteps = [\n{}{}\n{steps}\n]",
            load("cost"),
            load("other")
        );
        let fields: Fields = toml::from_str(&text).unwrap();
        fields.question().unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn whatever_depends_on_a_variable_tells_of_it() {
        let names = ["cost".to_owned(), "rent".to_owned()];
        let gives = |keep: &str, steps: &str| question(keep, steps).gives_away(&names).is_some();
        let reveal = |name: &str| {
            format!("{{ id = \"r\", operation = \"reveal\", variable = \"{name}\" }},")
        };
        let two = |operation: &str, x: &str, y: &str, made: &str| {
            format!(
                "{{ id = \"{made}\", operation = \"{operation}\", variable = \"{made}\", \
                 operand1 = \"{x}\", operand2 = \"{y}\" }},"
            )
        };
        assert!(gives("", &reveal("cost")));
        assert!(!gives("", &reveal("other")));
        // By way of others, whatever the order of the steps, and by a bit alone.
        let less = two("less-than", "z", "other", "bit");
        let by_way = [reveal("bit"), less, two("add", "other", "cost", "z")].concat();
        assert!(gives("", &by_way));
        assert!(gives("", &reveal("cost").replace("variable =", "to = \"node 1\", variable =")));
        // Under another name it would be told of by the next job.
        let sum = two("add", "other", "cost", "z");
        assert!(gives("\"z\"", &sum));
        assert!(!gives("", &sum));
        assert!(!gives("\"rent\"", &two("add", "other", "cost", "rent")));
        let aside = [sum, reveal("other")].concat();
        assert!(!gives("", &aside));
        let question = question("", &reveal("cost"));
        assert_eq!(question.gives_away(&names), Some("cost"));
        assert_eq!(question.gives_away(&[]), None);
    }
}
