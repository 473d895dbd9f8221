# SPDX-License-Identifier: MIT
"""What a situation expects to be found."""


class Find:
    """A finding of RULE (one of them where it is a tuple) about SUBJECT. TEXT and FIX: words that its
    text and its fix hold; NOT_FIX: words that its fix must not hold."""

    def __init__(self, rule, subject=None, severity=None, text=(), fix=(), not_fix=()):
        self.rules = (rule,) if isinstance(rule, str) else rule
        self.subject, self.severity = subject, severity
        self.text, self.fix, self.not_fix = words(text), words(fix), words(not_fix)

    def is_met(self, finding):
        fix = finding.get("fix") or ""
        return (finding["id"] in self.rules
                and self.subject in (None, finding["subject"])
                and self.severity in (None, finding["severity"])
                and all(word in finding["text"] for word in self.text)
                and all(word in fix for word in self.fix)
                and not any(word in fix for word in self.not_fix))

    def __str__(self):
        told = [f"{' or '.join(self.rules)} ({self.subject or 'of whatever'}), "
                f"{self.severity or 'of any severity'}"]
        told += [f"text with '{word}'" for word in self.text]
        told += [f"fix with '{word}'" for word in self.fix]
        return "; ".join(told + [f"fix without '{word}'" for word in self.not_fix])


def words(said):
    return (said,) if isinstance(said, str) else said
