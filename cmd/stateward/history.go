package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

func (a *app) historyCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "history s3://bucket/key",
		Short: "List the versions of a state, newest first",
		Long: `List the versions and delete markers of exactly this key, newest first. The
contents of the newest --versions are looked at; of older ones only what the
listing tells is shown.`,
		Args:              oneState,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              a.with(f, listHistory),
	}
}

func listHistory(ctx context.Context, s *session, args []string) error {
	b, key, err := s.stateOf(args[0])
	if err != nil {
		return err
	}
	s.reach(s.options([]model.Backend{b}, false))
	var p problems
	versions := s.versionsOf(ctx, b, key, &p)
	if len(versions) == 0 && len(p.texts) == 0 && ctx.Err() == nil {
		return s.access.NoSuchState(ctx, b, key, "listing the versions")
	}
	if err := s.readVersions(ctx, b, key, versions); err != nil {
		return err
	}
	if err := s.explain(ctx, b, key, versions, len(p.texts) == 0); err != nil {
		return err
	}
	return s.printHistory(versions, &p)
}

func (s *session) versionsOf(ctx context.Context, b model.Backend, key string, p *problems) []model.Version {
	var all []model.Version
	for page, err := range s.access.Versions(ctx, b, key) {
		if err != nil {
			p.failed(err)
			break
		}
		all = append(all, page...)
	}
	return all
}

// readVersions reads the facts of the newest --versions; beyond them they are
// unknown and say so.
func (s *session) readVersions(ctx context.Context, b model.Backend, key string, versions []model.Version) error {
	n := 0
	for i := range versions {
		if s.set.versions.covers(i) {
			n = i + 1
		} else {
			versions[i] = beyond(versions[i], s.set.versions)
		}
	}
	err := s.counted(ctx, "reading", "version", n, func(i int) {
		if !versions[i].DeleteMarker {
			versions[i].Facts = s.access.VersionFacts(ctx, b, key, versions[i])
			versions[i].Settle()
		}
	})
	return err
}

func beyond(v model.Version, limit versionLimit) model.Version {
	why := "beyond --versions " + limit.String()
	if v.DeleteMarker {
		return v
	}
	v.Facts = model.UnknownVersion(why)
	if !v.Restorable.IsKnown() {
		v.Restorable = model.Unknown[bool](why)
	}
	return v
}

func (s *session) printHistory(versions []model.Version, p *problems) error {
	docs := make([]versionDoc, 0, len(versions))
	t := &table{columns: []column{{title: "version"}, {title: "serial", right: true}, {title: "when"}, {title: "by", drop: 5, cut: 12},
		{title: "resources", right: true, drop: 4}, {title: "change", drop: 3}, {title: "size", right: true, drop: 2}, {title: "enc", drop: 1}, {title: "note", cut: 16, end: true}}}
	var why []reasons
	best, wrong := model.Suggest(versions)
	for i, v := range versions {
		doc := newVersionDoc(v)
		doc.Suggested = wrong && v.VersionID == best.VersionID
		docs, why = append(docs, doc), append(why, behindSigns(doc))
		t.add(versionRow(v, s.serviceNow(), doc.Suggested)...)
		if s.set.versions.covers(i) {
			p.whole("version "+v.VersionID, unreadVersion(v))
		}
	}
	if s.set.output == outputTable {
		s.whyUnknown(why)
		for _, reason := range best.Reasons {
			s.say("%s %s", signSuggested, widget.Sanitize(reason))
		}
	}
	return s.print(docs, len(docs), t, "no versions", p)
}

// behindSigns are the reasons for what the table does not show: of what is
// worked out only those that are not of the version's own header as well.
func behindSigns(d versionDoc) reasons {
	shown := reasons{}
	for _, field := range []string{"serial", "resources", "encryption", "written_by", "anomalies"} {
		if why := d.Unknown[field]; why != "" && (field == "serial" || why != d.Unknown["serial"]) {
			shown[field] = why
		}
	}
	return shown
}

// signSuggested marks the version to restore.
const signSuggested = "★"

func versionRow(v model.Version, now time.Time, suggested bool) []string {
	by, note := shown(v.WrittenBy, authorText), versionNote(v, suggested)
	if v.HeldBy.Who != "" {
		by = signUnknown + " " + authorText(v.HeldBy)
	}
	if v.DeleteMarker {
		return []string{v.VersionID, signNone, ago(now, v.LastModified), by, signNone, signNone, signNone, signNone, note}
	}
	f := v.Facts
	return []string{v.VersionID, shown(f.Header, serialOf), ago(now, v.LastModified), by, shown(f.Resources, number), changeText(v),
		bytesOf(v.Size), shown(f.Encryption, model.Encryption.Short), note}
}

func authorText(a model.Author) string {
	return strings.TrimSpace(a.Who + " " + strings.TrimPrefix(a.OperationName(), "stateward-"))
}

// changeText is what the version changed; nothing, or nothing to compare with, is
// no change.
func changeText(v model.Version) string {
	c, ok := v.Change.Get()
	switch {
	case ok && c != (model.Change{}):
		return c.String()
	case ok || v.Change.Reason() == model.NoVersionBefore:
		return signNone
	}
	return shown(v.Change, model.Change.String)
}

func versionNote(v model.Version, suggested bool) string {
	var notes []string
	if suggested {
		notes = append(notes, signSuggested+" suggested")
	}
	if v.IsLatest {
		notes = append(notes, "current")
	}
	if v.DeleteMarker {
		notes = append(notes, "deleted")
	}
	for _, a := range v.Anomalies {
		notes = append(notes, a.Text)
	}
	if ok, known := v.Restorable.Get(); known && !ok && !v.DeleteMarker && !v.IsLatest {
		notes = append(notes, "not restorable: "+v.WhyNot)
	}
	return strings.Join(notes, "; ")
}

func serialText(n uint64) string { return strconv.FormatUint(n, 10) }
