"""The whole configuration, composed of what its files say, or refused with all its faults at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import BaseModel

from pipeline.alert import AlertOptions, Channel, Group, Person, Rhythm, Routing, Rule
from pipeline.article import FulltextOptions
from pipeline.config.companies import array_of_tables, clashes, read_companies, unknown_tables
from pipeline.config.files import ConfigFiles
from pipeline.config.problems import Problem
from pipeline.config.reading import Environment, locate, read_toml
from pipeline.config.secrets import secrets_of
from pipeline.dedup import StoryOptions
from pipeline.engine import DaemonOptions, EngineOptions
from pipeline.errors import ConfigError, InputError
from pipeline.fetch import FetchOptions, PollingOptions
from pipeline.match import AnyMatcher, Matcher
from pipeline.model import Company, Feed, Watchlist
from pipeline.observe import HealthOptions, HeartbeatOptions, LogOptions, MetricsOptions
from pipeline.plugins import nearest, resolve, together, validate
from pipeline.sources import CompanySource, FeedSource, Source
from pipeline.store import StoreOptions

Model = TypeVar("Model", bound=BaseModel)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Config:
    """All that was configured, checked and complete."""

    directory: Path
    file: str  # the name of the main one
    database: Path
    store: StoreOptions
    watchlist: Watchlist
    feeds: tuple[Feed, ...]
    matchers: tuple[AnyMatcher, ...]
    channels: Mapping[str, Channel]
    rhythms: Mapping[str, Rhythm]  # by channel
    rules: tuple[Rule, ...]
    groups: tuple[Group, ...]
    people: tuple[Person, ...]
    fetch: FetchOptions
    polling: PollingOptions
    stories: StoryOptions
    alert: AlertOptions
    engine: EngineOptions
    fulltext: FulltextOptions
    daemon: DaemonOptions
    health: HealthOptions
    heartbeat: HeartbeatOptions
    log: LogOptions
    metrics: MetricsOptions
    problems: tuple[Problem, ...] = ()
    files: ConfigFiles = field(default_factory=ConfigFiles, compare=False)
    secrets: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    places: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def place(self, what: str, id: str) -> str:
        """Where a company (by id), channel, group or person (id), rule (name) or feed (url) stands, such as
        ``feeds.toml: feed 3 (Example)``.
        """
        return self.places[what, id]

    def routing(self) -> Routing:
        """The rules with the companies, groups and people that they name."""
        companies = self.watchlist.companies
        return Routing.of(
            self.rules,
            names={company.id: company.name for company in companies},
            tags={company.id: company.tags for company in companies},
            groups=self.groups,
            people=self.people,
        )

    def replace_fetch(self, **changes: Any) -> Config:
        """The same with other fetch options. Raises pydantic's ValidationError for values that they cannot have."""
        return replace(self, fetch=FetchOptions.model_validate({**self.fetch.model_dump(), **changes}))


def load(path: Path | None, environ: Mapping[str, str], files: ConfigFiles | None = None) -> Config:
    """The configuration of a folder, or of a ``newsward.toml``; else of ``$NEWSWARD_CONFIG``, else of ``./config``.

    Touches nothing; what it reads is noted in ``files``. Raises one ConfigError that tells every fault, a line a
    fault: file, table, key and remedy.
    """
    main = locate(path, environ)
    files = ConfigFiles() if files is None else files
    files.note(main)
    loader = _Loader(main.parent, read_toml(main, main.name), main.name, Environment(environ, files))
    config = loader.config()
    faults = [*loader.environment.faults, *loader.faults]
    if config is None or faults:
        raise together(faults)
    return config


def database_of(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The database that ``load`` would name, found where ``load`` looks; nothing but ``[store]`` is read.

    So whoever only reads needs neither the secrets of the channels nor sound feeds. Raises ConfigError.
    """
    directory, (store,) = _sections(path, environ, "store")
    return directory / cast("StoreOptions", store).database


def health_of(path: Path | None, environ: Mapping[str, str]) -> tuple[Path, HealthOptions]:
    """The database that ``load`` would name and what counts as trouble; only ``[store]`` and ``[health]`` are read.

    So a health check needs no secrets: under systemd they are there for the daemon alone. Raises ConfigError.
    """
    directory, (store, health) = _sections(path, environ, "store", "health")
    return directory / cast("StoreOptions", store).database, cast("HealthOptions", health)


def channel_of(path: Path | None, environ: Mapping[str, str], name: str) -> tuple[Channel, Rhythm, frozenset[str]]:
    """One channel as ``load`` would make it, its rhythm and its secrets; nothing else is read.

    So it can be tried without the secrets of the others. Raises ConfigError, InputError when there is none of this id.
    """
    main = locate(path, environ)
    loader = _Loader(main.parent, read_toml(main, main.name), main.name, Environment(environ))
    names = loader.named("channel")
    if name not in names:
        hint = nearest(name, names) or (f"there are: {', '.join(names)}" if names else "there is none")
        raise InputError(f"no channel has the id {name!r} ({hint})")
    channels = loader.channels(only=name)
    faults = [*loader.environment.faults, *loader.faults]
    if faults or name not in channels:
        raise together(faults)
    secrets = frozenset(filter(None, (*loader.environment.secrets, *secrets_of((channels[name],), ()))))
    return channels[name], loader.rhythms[name], secrets


def existing_main(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The main file that ``load`` would read; nothing in it is looked at. Raises ConfigError when it is not there."""
    main = locate(path, environ)
    if not main.is_file():
        raise ConfigError("there is no such file", where=str(main), remedy=f"newsward init {main.parent}")
    return main


def _sections(path: Path | None, environ: Mapping[str, str], *names: str) -> tuple[Path, tuple[BaseModel, ...]]:
    """The folder, and the options of these tables alone. Raises ConfigError."""
    main = locate(path, environ)
    loader = _Loader(main.parent, read_toml(main, main.name), main.name, Environment(environ))
    made = [loader.section(name, SECTIONS[name]) for name in names]
    sections = tuple(section for section in made if section is not None)
    if len(sections) < len(names):
        raise together([*loader.environment.faults, *loader.faults])
    return loader.directory, sections


@dataclass(slots=True)
class _Loader:
    """One load: faults are gathered, so that a person is told of all of them at once."""

    directory: Path
    document: dict[str, Any]
    file: str
    environment: Environment
    faults: list[ConfigError] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    rhythms: dict[str, Rhythm] = field(default_factory=dict)

    def config(self) -> Config | None:
        """The composed configuration; None, or to be thrown away, when faults were found."""
        self.faults.extend(unknown_tables(self.document, _KNOWN, self.file))
        sections = {name: self.section(name, model) for name, model in SECTIONS.items()}
        companies = self._companies()
        channels = self.channels()
        groups = self._groups(companies)
        people = self._people()
        rules = self._rules(companies)
        matchers = self._matchers()
        feeds = self._feeds(companies)
        if None in sections.values():
            return None
        store = cast("StoreOptions", sections["store"])
        return Config(
            directory=self.directory,
            file=self.file,
            database=self.directory / store.database,
            watchlist=Watchlist(companies),
            feeds=feeds,
            matchers=matchers,
            channels=MappingProxyType(channels),
            rhythms=MappingProxyType(self.rhythms),
            rules=rules,
            groups=groups,
            people=people,
            problems=(*self.environment.problems, *self.problems),
            files=self.environment.files,
            secrets=frozenset(
                filter(None, (*self.environment.secrets, *secrets_of((*channels.values(), *sections.values()), feeds)))
            ),
            places=MappingProxyType(self.places),
            **sections,  # type: ignore[arg-type]  # each section has the model that SECTIONS names
        )

    def section(self, name: str, model: type[Model]) -> Model | None:
        """The options of one table of the main file; None when a fault was found in it."""
        table = self.document.get(name, {})
        if not isinstance(table, dict):
            self.faults.append(ConfigError(f"{name!r} must be a table, written [{name}]", where=self.file))
            return None
        return self._made(model, table, f"{self.file}: [{name}]")

    def _made(
        self, model: type[Model], table: Mapping[str, Any], where: str, common: type[BaseModel] | None = None
    ) -> Model | None:
        """The expanded and validated table; None when a fault was found in it. ``common``: keys that it might have had
        beside its own, for whoever misspelt one."""
        options = self.environment.expand(table, where)
        if options is None:
            return None
        also = common.model_fields if common else ()
        made = validate(model, options, where=where, directory=self.directory, also=also)
        if isinstance(made, tuple):
            self.faults.extend(made)
            return None
        return made

    def _plugged(
        self, table: Mapping[str, Any], where: str, role: str, package: str, common: type[BaseModel] | None = None
    ) -> BaseModel | None:
        """The object behind a table with a ``kind``, which has at least the methods of its door."""
        kind = table.get("kind")
        if not isinstance(kind, str):
            what = "is missing" if kind is None else "must be a string"
            self.faults.append(ConfigError(f"key 'kind' {what}", where=where))
            return None
        try:
            model = resolve(kind, role=role, package=package)
        except ConfigError as error:
            self.faults.append(ConfigError(error.message, where=where, remedy=error.remedy))
            return None
        for methods in _METHODS[role]:
            if not any(callable(getattr(model, method, None)) for method in methods):
                self.faults.append(ConfigError(f"kind {kind!r} has no method {methods[0]!r}", where=where))
                return None
        options = {key: value for key, value in table.items() if key not in {"id", "kind"}}
        return self._made(model, options, where, common)

    # ----------------------------------------------------------------------- companies

    def _companies(self) -> tuple[Company, ...]:
        located: list[tuple[str, Company]] = []
        for name, document in self._files("companies", ("company",)):
            located.extend(read_companies(document.get("company", []), name, self.faults))
        self.faults.extend(clashes(located))
        self.places.update({("company", company.id): where for where, company in located})
        return tuple(company for _, company in located)

    def _files(self, key: str, tables: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The documents that ``companies = [...]`` or ``feeds = [...]`` names; by default the one of that name."""
        names = self.document.get(key, [f"{key}.toml"])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            remedy = f'such as {key} = ["{key}.toml"]; [[{tables[0]}]] tables stand in those files'
            self.faults.append(
                ConfigError(f"key {key!r} must be an array of file names", where=self.file, remedy=remedy)
            )
            return
        for name in names:
            self.environment.files.note(self.directory / name)
            try:
                document = read_toml(self.directory / name, name)
            except ConfigError as error:
                self.faults.append(error)
                continue
            self.faults.extend(unknown_tables(document, tables, name))
            yield name, document

    # ----------------------------------------------------------------------- channels, rules, matchers

    def _tables(self, key: str, label: str) -> list[tuple[str, dict[str, Any]]]:
        tables = self.document.get(key, [])
        return list(array_of_tables(tables, key, self.file, self.faults, label=lambda table: table.get(label)))

    def named(self, key: str) -> list[str]:
        """The ids as written, those of tables with faults too: one fault must not make a second one of its rule."""
        tables = self.document.get(key, [])
        rows = tables if isinstance(tables, list) else []
        return [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]

    def channels(self, only: str = "") -> dict[str, Channel]:
        """The sound ones by id; with ``only`` no other is looked at."""
        channels: dict[str, Channel] = {}
        seen: dict[str, str] = {}
        for where, table in self._tables("channel", "id"):
            if only and table.get("id") != only:
                continue
            common = {key: value for key, value in table.items() if key in Rhythm.model_fields}
            own = {key: value for key, value in table.items() if key not in common}
            rhythm = self._made(Rhythm, common, where)
            made = self._plugged(own, where, "Channel", "pipeline.alert.channels", Rhythm)
            name = table.get("id")
            if not isinstance(name, str) or not name:
                remedy = 'a word that rules can name, such as id = "desk"'
                self.faults.append(ConfigError("key 'id' is missing or no string", where=where, remedy=remedy))
                continue
            self._unique(seen, name, "id", where)
            self.places["channel", name] = where
            if made is not None and rhythm is not None:
                channels[name], self.rhythms[name] = cast("Channel", made), rhythm
                if callable(files := getattr(made, "files", None)):
                    self.environment.files.note_all(files)
        return channels

    def _groups(self, companies: Sequence[Company]) -> tuple[Group, ...]:
        groups: list[Group] = []
        company_ids = [company.id for company in companies]
        for where, table, group in self._with_ids("group", Group):
            self._known(group, "companies", table, "company", company_ids, where)
            groups.append(group)
        return tuple(groups)

    def _people(self) -> tuple[Person, ...]:
        people: list[Person] = []
        for where, table, person in self._with_ids("person", Person):
            self._known(person, "channels", table, "channel", self.named("channel"), where)
            people.append(person)
        return tuple(people)

    def _with_ids(self, key: str, model: type[Model]) -> Iterator[tuple[str, dict[str, Any], Model]]:
        """The sound tables of a kind that has ids, with where each stands and what is written there."""
        seen: dict[str, str] = {}
        for where, table in self._tables(key, "id"):
            made = self._made(model, table, where)
            if made is not None:
                self._unique(seen, made.id, "id", where)  # type: ignore[attr-defined]  # such models have one
                self.places[key, made.id] = where  # type: ignore[attr-defined]
                yield where, table, made

    def _rules(self, companies: Sequence[Company]) -> tuple[Rule, ...]:
        rules: list[Rule] = []
        seen: dict[str, str] = {}
        company_ids, groups = [company.id for company in companies], self.named("group")
        for where, table in self._tables("rule", "name"):
            rule = self._made(Rule, table, where)
            if rule is None:
                continue
            self._unique(seen, rule.name, "name", where)
            self.places["rule", rule.name] = where
            self._known(rule, "channels", table, "channel", self.named("channel"), where)
            self._known(rule, "people", table, "person", self.named("person"), where)
            self._known(rule, "companies", table, "company", company_ids, where)
            self._known(rule, "together", table, "company", company_ids, where)
            self._known(rule, "groups", table, "group", groups, where)
            if rule.together_of:
                self._exist("group", [(rule.together_of, table["together_of"])], groups, where)
            rules.append(rule)
        return tuple(rules)

    def _known(
        self, made: BaseModel, key: str, table: Mapping[str, Any], what: str, known: Sequence[str], where: str
    ) -> None:
        """A fault for each id under the key that is not known.

        Told as written: what the environment put there may be a secret by mistake.
        """
        self._exist(what, zip(getattr(made, key), table.get(key, ()), strict=False), known, where)

    def _exist(self, what: str, named: Iterable[tuple[str, str]], known: Sequence[str], where: str) -> None:
        """A fault for each (name, as written) that is not known."""
        ids = set(known)
        for name, written in named:
            if name not in ids:
                remedy = nearest(written, known) or (
                    f"there are: {', '.join(known[:10])}" if known else "there is none"
                )
                self.faults.append(ConfigError(f"{what} {written!r} does not exist", where=where, remedy=remedy))

    def _unique(self, seen: dict[str, str], name: str, key: str, where: str) -> None:
        if name in seen:
            self.faults.append(ConfigError(f"{key} {name!r} is that of {seen[name]} too", where=where))
        seen.setdefault(name, where.partition(": ")[2])

    def _matchers(self) -> tuple[AnyMatcher, ...]:
        tables = self._tables("matcher", "kind")
        made = [self._plugged(table, where, "Matcher", "pipeline.match") for where, table in tables]
        given = tuple(cast("AnyMatcher", one) for one in made if one is not None)
        return given or (Matcher.model_validate({}),)

    # ----------------------------------------------------------------------- feeds

    def _feeds(self, companies: Sequence[Company]) -> tuple[Feed, ...]:
        located: list[tuple[str, Feed]] = []
        for name, document in self._files("feeds", ("feed", "source")):
            for where, table in array_of_tables(document.get("feed", []), "feed", name, self.faults, label=_feed_label):
                located.extend(self._expanded(self._made(FeedSource, table, where), where, companies))
            sources = document.get("source", [])
            for where, table in array_of_tables(sources, "source", name, self.faults, label=_kind):
                source = self._plugged(table, where, "Source", "pipeline.sources")
                located.extend(self._expanded(source, where, companies))
        return tuple(self._without_repeats(located))

    def _expanded(
        self, source: BaseModel | None, where: str, companies: Sequence[Company]
    ) -> Iterator[tuple[str, Feed]]:
        if source is None:
            return
        try:
            files = getattr(source, "files", None)
            if callable(files):
                self.environment.files.note_all(files)
            if hasattr(source, "feeds_for"):
                if not companies and self.faults:
                    return  # that there is no company is the fault of a fault that is told
                feeds = cast("CompanySource", source).feeds_for(companies)
            else:
                feeds = cast("Source", source).feeds()
            for feed in feeds:
                yield where, feed
        except ConfigError as error:
            self.faults.append(ConfigError(str(error), where=where))

    def _without_repeats(self, located: Sequence[tuple[str, Feed]]) -> Iterator[Feed]:
        """Each feed once, the first telling wins; the same address in two lists is told and harms nothing."""
        seen: dict[str, str] = {}
        for where, feed in located:
            key = _same_feed(feed.url)
            if key in seen:
                first = seen[key].partition(": ")[2]
                self.problems.append(Problem(where, f"the same feed as {first}; polled once", "remove one of them"))
                continue
            seen[key] = where
            self.places["feed", feed.url] = where
            yield feed


def _kind(table: Mapping[str, Any]) -> object:
    return table.get("kind")


def _feed_label(table: Mapping[str, Any]) -> object:
    """The title, else the host alone: the rest of an address may be a secret."""
    url = table.get("url")
    if table.get("title") or not isinstance(url, str):
        return table.get("title")
    try:
        return urlsplit(url).hostname
    except ValueError:
        return ""


def _same_feed(url: str) -> str:
    """Addresses that differ in scheme, trailing slash or fragment only lead to one feed."""
    parts = urlsplit(url)
    port = "" if parts.port in {None, _PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.hostname}{port}{parts.path.rstrip('/')}?{parts.query}"


SECTIONS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "store": StoreOptions,
        "fetch": FetchOptions,
        "polling": PollingOptions,
        "stories": StoryOptions,
        "alert": AlertOptions,
        "engine": EngineOptions,
        "fulltext": FulltextOptions,
        "daemon": DaemonOptions,
        "health": HealthOptions,
        "heartbeat": HeartbeatOptions,
        "log": LogOptions,
        "metrics": MetricsOptions,
    }
)
# What a door must have: of each group of methods, one.
_METHODS = {"Source": (("feeds", "feeds_for"),), "Matcher": (("compile",),), "Channel": (("send",), ("close",))}
_KNOWN = ("companies", "feeds", *SECTIONS, "channel", "rule", "group", "person", "matcher")
