"""What people read for the journal's actions, and the groups they filter by."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

Group = Literal["changes", "reads", "exports", "keys and members", "failed sign-ins"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)

_STARTS: Final[Mapping[Group, tuple[str, ...]]] = MappingProxyType(
    {
        "failed sign-ins": ("read.signin_failed",),
        "exports": ("export.", "read.export"),
        "keys and members": (
            "member.", "key.", "names.", "linking.", "person.", "backup.", "study.", "audit.",
            "read.unlocked", "read.locked", "read.verified", "read.linking", "read.person",
        ),
        "reads": ("read.",),
        "changes": ("",),
    }
)  # fmt: skip
"""An action is of the first group that knows its start."""

_SAID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "act.redone": "did an act again",
        "act.left": "left an act that could not be taken back as it was",
        "act.undone": "took an act back",
        "audit.anchors_restarted": "began the anchors anew",
        "backup.failed": "found a backup that is not good",
        "backup.made": "made a backup",
        "backup.removed": "removed a backup",
        "backup.verified": "checked a backup",
        "code.created": "made a code",
        "code.edited": "changed a code",
        "code.removed": "removed a code",
        "code.renamed": "renamed a code",
        "coding.cleared": "took a coding back",
        "coding.set": "coded",
        "erasure.asked": "asked for an erasure",
        "erasure.cancelled": "cancelled an erasure",
        "erasure.certified": "certified an erasure",
        "erasure.confirmed": "confirmed an erasure",
        "erasure.emptied": "emptied entries of the journal",
        "erasure.searched": "searched for what an erasure left",
        "export.approved": "approved an export",
        "export.refused": "refused an export",
        "export.released": "released an export",
        "export.requested": "asked for an export",
        "export.withdrawn": "took back the request for an export",
        "file.received": "received a file",
        "file.refused": "refused a file",
        "guide.saved": "changed the interview guide",
        "job.added": "asked for a transcription",
        "job.cancelled": "cancelled a transcription",
        "job.discarded": "discarded a transcription",
        "job.done": "finished a transcription",
        "job.failed": "had a transcription fail",
        "job.queued": "queued a transcription",
        "job.started": "started a transcription",
        "key.kit_made": "made a recovery kit",
        "key.kit_used": "used the recovery kit",
        "key.rotated": "changed the study's keys",
        "identifier.added": "marked an identifier that was missed",
        "identifiers.chosen": "chose identifiers to replace",
        "identifiers.found": "looked for identifiers",
        "identifiers.kept": "decided that words stay",
        "identifiers.open": "took a decision on identifiers back",
        "linking.admitted": "admitted somebody to the linking store",
        "linking.created": "made the linking store",
        "linking.destroyed": "destroyed the linking store",
        "linking.dismissed": "shut somebody out of the linking store",
        "linking.key_changed": "changed the linking store's key",
        "linking.originals_taken_in": "took replaced words into the linking store",
        "linking.kit_made": "made the linking store's kit",
        "linking.kit_used": "used the linking store's kit",
        "member.codes_off": "switched one-time codes off",
        "member.codes_on": "switched one-time codes on",
        "member.disabled": "ended a member's access",
        "member.enabled": "gave a member access again",
        "member.invited": "invited a member",
        "member.may_release": "changed who may release",
        "member.passphrase_changed": "changed a passphrase",
        "member.removed": "removed a member",
        "member.role_changed": "changed a member's role",
        "names.published": "published names to look for",
        "names.withdrawn": "withdrew names to look for",
        "participant.added": "added a participant",
        "participant.erased": "erased a participant",
        "participant.withdrawal_noted": "noted a withdrawal",
        "participant.withdrawal_taken_back": "took a withdrawal back",
        "person.added": "added a person",
        "person.changed": "changed a person",
        "person.removed": "removed a person",
        "person.withdrawal_taken_back": "took a withdrawal back",
        "person.withdrew": "noted a withdrawal",
        "question.marked": "marked where a question is asked",
        "quote.marked": "marked a quote",
        "quote.status_set": "set a quote's status",
        "quote.themed": "put a quote under a theme",
        "quote.unmarked": "unmarked a quote",
        "read.excerpts": "read the excerpts of a code",
        "read.export_reviewed": "reviewed an export",
        "read.exported": "released an export",
        "read.linking_opened": "opened the linking store",
        "read.locked": "locked the study",
        "read.names_shown": "looked at the names found in an export",
        "read.opened": "opened",
        "pseudonyms.sampled": "read a sample of a pseudonymised transcript",
        "read.originals": "looked at what was replaced",
        "read.person": "looked a person up",
        "read.played": "listened",
        "read.signin_failed": "failed to sign in",
        "read.transcript": "opened the transcript",
        "read.unlocked": "signed in",
        "read.verified": "checked the study",
        "recording.added": "added a recording",
        "recording.copied": "had a copy made that browsers play",
        "recording.copy_dropped": "dropped a copy for browsers",
        "recording.inbox_shredded": "shredded a recording in the inbox",
        "recording.looked_at": "had the loudness of a recording measured",
        "recording.part_added": "added a file to a recording",
        "segment.let_go": "let a coding go that had lost its words",
        "segment.reopened": "put a coding back on the repair list",
        "segment.repaired": "put a coding on its words again",
        "sentence.edited": "corrected a sentence",
        "sentence.inserted": "wrote a new sentence",
        "sentence.merged": "merged two sentences",
        "sentence.removed": "removed sentences",
        "sentence.replaced": "replaced words",
        "sentence.split": "split a sentence",
        "sentence.timed": "gave a sentence its time",
        "sentence.verbatim_set": "corrected a verbatim text",
        "speaker.added": "added a speaker",
        "speaker.linked": "said who a speaker is",
        "speaker.merged": "merged two speakers",
        "speaker.renamed": "renamed a speaker",
        "study.archived": "wrote the archive of the study",
        "study.closing": "began to close the study",
        "study.created": "made the study",
        "study.dates_set": "set the study's dates",
        "study.transcription_set": "set what transcriptions start from",
        "study.two_person_set": "set whether exports need two people",
        "theme.code_added": "put a code under a theme",
        "theme.code_removed": "took a code from a theme",
        "theme.created": "made a theme",
        "theme.edited": "changed a theme",
        "theme.removed": "removed a theme",
        "term.added": "added a word to look for",
        "term.forgotten": "looks for a word no more",
        "transcript.added": "added a transcript",
        "transcript.pseudonymised": "replaced identifiers for good",
        "transcript.aligned": "had a text given times",
        "transcript.approved": "approved a transcript",
        "transcript.listened": "listened through a transcript",
        "transcript.listened_not": "took back that a transcript was listened through",
        "transcript.sound_attached": "attached sound to a transcript",
        "transcript.unlocked": "unlocked a transcript",
        "turn.assigned": "had speakers assigned again",
        "turn.given": "said who speaks",
        "turn.merged": "merged two turns",
        "turn.split": "split a turn",
    }
)


def said(action: str) -> str:
    """Put an action into words; an unknown one is spelled out as it is."""
    if action in _SAID:
        return _SAID[action]
    return action.removeprefix("read.").replace(".", ": ").replace("_", " ")


def group_of(action: str) -> Group:
    """Tell the group of an action."""
    return next(
        group for group, starts in _STARTS.items() if any(map(action.startswith, starts))
    )  # fmt: skip


def starts(group: Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give how the actions of a group start, and how those of it do not (earlier groups)."""
    earlier = list(_STARTS)[: list(_STARTS).index(group)]
    return _STARTS[group], tuple(start for one in earlier for start in _STARTS[one])
