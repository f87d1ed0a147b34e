"""Singulars: the name of one item of a list, and of one value of a map, from the property that holds it."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["last_word", "singular"]

WORD: Final = re.compile(
    r"[A-Z]{2,}s(?![a-z])"  # plural acronyms: podCIDRs, clusterIPs
    r"|[A-Z]+(?![a-z])[0-9]*"  # acronyms, also before a capitalised word: hostIP, CSIDriver
    r"|[A-Z]?[a-z0-9]+"
    r"|[0-9]+"
)

_PLURAL_ACRONYM: Final = re.compile(r"[A-Z]{2,}s")

_NOT_PLURAL: Final = frozenset(
    (
        # Protocols, products and other abbreviations.
        *("aks", "aws", "cds", "cms", "cors", "dms", "ebs", "ecs", "eds", "eks", "ems", "gcs", "gps", "hsts", "iops"),
        *("jks", "jwks", "k0s", "k3s", "k8s", "kms", "lds", "nas", "nats", "oms", "qps", "rbs", "rds", "rps", "sas"),
        *(
            "sds",
            "sms",
            "sns",
            "sqs",
            "sts",
            "sys",
            "tds",
            "tps",
            "vcs",
            "vds",
            "vps",
            "xds",
            "bps",
            "gbps",
            "mbps",
        ),
        *(
            "dtls",
            "mtls",
            "starttls",
            "tls",
            "amqps",
            "ftps",
            "grpcs",
            "https",
            "imaps",
            "ldaps",
            "mqtts",
            "rediss",
            "smtps",
            "wss",
        ),
        # File systems; `refs`, `defs` and `diffs` are plurals.
        *("beegfs", "btrfs", "cephfs", "cgroupfs", "cifs", "cvmfs", "efs", "fs", "glusterfs", "gpfs", "hdfs", "hostfs"),
        *("juicefs", "lizardfs", "moosefs", "nfs", "ntfs", "overlayfs", "rootfs", "seaweedfs", "sysfs", "tmpfs", "xfs"),
        *("zfs",),
        # Names and systems.
        *("argos", "coreos", "hermes", "ios", "jenkins", "kairos", "kubernetes", "macos", "openebs", "postgres"),
        *("rhcos", "talos", "thanos", "vyos"),
        # Words.
        *("alias", "always", "atlas", "bias", "canvas", "chaos", "cosmos", "devops", "ethos", "finops", "fips", "gas"),
        *("gitops", "has", "iaas", "kudos", "lens", "mlops", "news", "ops", "paas", "qos", "saas", "series", "sops"),
        *("species", "was", "yes"),
    )
)

_IRREGULAR: Final = {
    "analyses": "analysis",
    "appendices": "appendix",
    "axes": "axis",
    "caches": "cache",
    "calories": "calorie",
    "children": "child",
    "cookies": "cookie",
    "crises": "crisis",
    "criteria": "criterion",
    "diagnoses": "diagnosis",
    "halves": "half",
    "heroes": "hero",
    "indices": "index",
    "matrices": "matrix",
    "movies": "movie",
    "niches": "niche",
    "people": "person",
    "quizzes": "quiz",
    "schemata": "schema",
    "shelves": "shelf",
    "synopses": "synopsis",
    "vertices": "vertex",
    "zombies": "zombie",
}

# Plurals in -is and -us; without these, such words are singulars: `basis`, `status`.
_PLURALS_IN_IS: Final = frozenset({"abis", "amis", "apis", "clis", "cnis", "cris", "csis", "guis", "uris"})
_PLURALS_IN_US: Final = frozenset(
    {"cpus", "dpus", "gpus", "menus", "mtus", "npus", "pcpus", "pdus", "skus", "tpus", "vcpus", "vgpus"}
)

# Words in -as, -ns and -us that get -es; others end in -e: `databases`, `releases`, `licenses`.
_IN_SES: Final = re.compile(r".*(sses|aliases|atlases|biases|canvases|gases|lenses|(?<![ao])(?<=[a-z])uses)")
_IN_ES: Final = re.compile(r".*(xes|ches|shes|zzes|echoes|vetoes)")


def last_word(name: str) -> str:
    """Return the last word of a property's name: `IPs` of `clusterIPs`, "" if it does not end in a word."""
    words: list[str] = WORD.findall(name)
    return words[-1] if words and name.endswith(words[-1]) else ""


def singular(name: str) -> str:
    """Return the name of one item of a list whose property is `name`: `rule` for `rules`, `podPolicy`, `tls`.

    Only the last word changes. A word that is not a plural stays as it is.
    """
    word = last_word(name)
    if _PLURAL_ACRONYM.fullmatch(word):
        return name[:-1]
    one = _singular(word.lower())
    return name if one == word.lower() else name[: len(name) - len(word)] + _as_in(word, one)


def _as_in(word: str, one: str) -> str:
    """Return a word that starts like another one, with a capital or without."""
    return word[:1] + one[1:] if word[:1].lower() == one[:1] else one


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not word.endswith("s") or len(word) < 3 or word in _NOT_PLURAL:
        return word
    if word.endswith(("js", "ss", "dns")):
        return word
    if word.endswith(("is", "us")) and word not in _PLURALS_IN_IS | _PLURALS_IN_US:
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-2] if _IN_SES.fullmatch(word) or _IN_ES.fullmatch(word) else word[:-1]
