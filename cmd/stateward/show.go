package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// showOptions are the flags of show.
type showOptions struct {
	version  string
	resource string
	raw      bool
	reveal   bool
}

func (a *app) showCommand(f *flags) *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:   "show s3://bucket/key",
		Short: "Show the resources and outputs of a state, or its text",
		Long: `Show one version of a state: its resources and outputs, the attributes of one
resource (--resource), or its text (--raw).

Sensitive values are masked: what the state marks, what well-known names such as
password or private_key hold, and every copy of such a value elsewhere. --reveal
shows them, after an entry in the journal says so.`,
		Example: examples(
			"stateward show s3://acme-tfstate-data/lake/terraform.tfstate",
			"stateward show s3://acme-tfstate-data/lake/terraform.tfstate --resource aws_s3_bucket.this -o json"),
		Args:              oneState,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.with(f, func(ctx context.Context, s *session, args []string) error {
			if o.raw && o.resource != "" {
				return usagef("--raw prints the whole state: it takes no --resource")
			}
			return s.show(ctx, args[0], o)
		}),
	}
	cmd.Flags().StringVar(&o.version, "version-id", "", "the version `V` to show; the current one without it")
	cmd.Flags().StringVar(&o.resource, "resource", "", "the `ADDRESS` of a resource or of one of its instances")
	cmd.Flags().BoolVar(&o.raw, "raw", false, "the text of the state, as it is stored")
	cmd.Flags().BoolVar(&o.reveal, "reveal", false, "show sensitive values in clear")
	return cmd
}

// shownState is one version of a state, and how it is to be shown.
type shownState struct {
	*session
	showOptions
	backend model.Backend
	key     string
	doc     *model.StateDocument
}

func (s *session) show(ctx context.Context, arg string, o showOptions) error {
	b, key, err := s.stateOf(arg)
	if err != nil {
		return err
	}
	s.reach(s.options([]model.Backend{b}, false))
	doc, fault := s.access.StateBody(ctx, b, key, o.version, nil)
	if doc == nil {
		return s.nothingToShow(ctx, b, key, o.version, fault)
	}
	shown := &shownState{session: s, showOptions: o, backend: b, key: key, doc: doc}
	if o.raw {
		return shown.text(ctx, fault)
	}
	if fault != nil {
		return shown.unreadable(fault)
	}
	if o.resource != "" {
		return shown.resource(ctx)
	}
	return shown.overview(ctx)
}

// nothingToShow says what to do where there is no such state or version. Where
// there is no current one, there may be versions all the same.
func (s *session) nothingToShow(ctx context.Context, b model.Backend, key, version string, fault error) error {
	var f *model.Failure
	if !errors.Is(fault, model.ErrNotFound) || !errors.As(fault, &f) {
		return fault
	}
	var p problems
	versions := s.versionsOf(ctx, b, key, &p)
	if len(versions) == 0 && len(p.texts) > 0 {
		return fault // the answer to the first question says more
	}
	if len(versions) == 0 {
		return s.access.NoSuchState(ctx, b, key, "reading the state")
	}
	told := *f
	told.Next, told.Command = "List its versions with", s.program.Command("history", b.URL(key))
	if similar := model.SimilarVersions(version, versions); version != "" && len(similar) > 0 {
		told.Next = "Similar: " + strings.Join(similar, ", ") + ". " + told.Next
	}
	if version == "" {
		told.Next = "The state may be deleted; its versions are listed by"
	}
	return &told
}

// unreadable says why a state has no resources to show.
func (s *shownState) unreadable(fault error) error {
	next := "--raw --reveal prints its bytes as they are."
	if s.doc.Index.Format == model.FormatEncrypted {
		next = "Only the clients that have its key can read it; --raw prints the cipher text."
	}
	return fmt.Errorf("showing %s: %w. %s", s.name(), fault, next)
}

func (s *shownState) name() string {
	if s.version == "" {
		return s.backend.URL(s.key)
	}
	return s.backend.URL(s.key) + " version " + s.version
}

// revealed notes in the journal that secrets are about to be shown, if so they are.
func (s *shownState) revealed(ctx context.Context, what string) error {
	if !s.reveal {
		return nil
	}
	return s.access.RecordReveal(ctx, s.backend, s.key, s.doc.VersionID, what)
}

// text prints the state as it is stored. To a terminal it goes without what the
// terminal would obey.
func (s *shownState) text(ctx context.Context, fault error) error {
	if err := s.revealed(ctx, "the text of the state was printed with its sensitive values"); err != nil {
		return err
	}
	body, err := s.doc.Body, error(nil)
	if !s.reveal {
		if fault != nil && s.doc.Index.Format != model.FormatEncrypted {
			return fmt.Errorf("showing %s: its secrets cannot be found: %w. --reveal prints the bytes as they are", s.name(), fault)
		}
		if body, err = s.doc.AppendMasked(nil); err != nil {
			return err
		}
	}
	if s.columns() > 0 {
		body = []byte(widget.SanitizeLines(string(body)))
	}
	_, err = s.stdout.Write(body)
	return err
}

// heading tells on stderr which version is shown.
func (s *shownState) heading() {
	h := s.doc.Index.StateHeader
	parts := []string{s.backend.URL(s.key)}
	if s.doc.VersionID != "" {
		parts = append(parts, "version "+s.doc.VersionID)
	}
	if h.Serial != nil {
		parts = append(parts, "serial "+serialText(*h.Serial))
	}
	if h.TerraformVersion != nil {
		parts = append(parts, "terraform "+*h.TerraformVersion)
	}
	if h.Format != model.FormatV4 {
		parts = append(parts, "format "+string(h.Format))
	}
	s.say("%s", strings.Join(parts, " · "))
	for _, n := range s.doc.Index.Notes() {
		s.say("note: %s", n)
	}
}

// overview prints the resources and the outputs.
func (s *shownState) overview(ctx context.Context) error {
	if len(s.doc.Index.Outputs) > 0 {
		if err := s.revealed(ctx, "the outputs were printed with their sensitive values"); err != nil {
			return err
		}
	}
	d, err := newShowDoc(s)
	if err != nil {
		return err
	}
	if s.set.output == outputJSON {
		return writeJSON(s.stdout, d)
	}
	s.heading()
	if len(d.Resources) == 0 && len(d.Outputs) == 0 {
		s.say("no resources, no outputs")
		return nil
	}
	return s.tables(resourcesTable(d.Resources), outputsTable(d.Outputs))
}

// tables prints those that have rows, an empty line between them.
func (s *shownState) tables(all ...*table) error {
	printed := false
	for _, t := range all {
		if len(t.rows) == 0 {
			continue
		}
		if printed {
			if _, err := fmt.Fprintln(s.stdout); err != nil {
				return err
			}
		}
		if err := t.write(s.stdout, s.columns()); err != nil {
			return err
		}
		printed = true
	}
	return nil
}

func resourcesTable(all []resourceDoc) *table {
	t := &table{columns: []column{{title: "resource", cut: 30}, {title: "type", cut: 12, drop: 2}, {title: "instances", right: true},
		{title: "tainted", right: true, drop: 1}, {title: "deposed", right: true, drop: 1}}}
	for _, r := range all {
		t.add(r.Address, r.Type, number(r.Instances), orNone(r.Tainted), orNone(r.Deposed))
	}
	return t
}

func orNone(n int) string {
	if n == 0 {
		return signNone
	}
	return number(n)
}

func outputsTable(all []outputDoc) *table {
	t := &table{columns: []column{{title: "output"}, {title: "type", drop: 1}, {title: "value", cut: 20, end: true}}}
	for _, o := range all {
		t.add(o.Name, model.TypeName(o.Type), o.text)
	}
	return t
}

// resource prints the attributes of the objects at one address.
func (s *shownState) resource(ctx context.Context) error {
	found, err := s.objects()
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return &model.Failure{Kind: model.ErrNotFound, Tried: "looking for " + s.showOptions.resource, On: s.name(),
			Next: "List its resources with", Command: s.program.Command("show", s.backend.URL(s.key))}
	}
	if err := s.revealed(ctx, "the attributes of a resource were printed with their sensitive values"); err != nil {
		return err
	}
	docs := make([]objectDoc, 0, len(found))
	for _, o := range found {
		d, err := s.objectDoc(o)
		if err != nil {
			return err
		}
		docs = append(docs, d)
	}
	if s.set.output == outputJSON {
		return writeJSON(s.stdout, docs)
	}
	s.heading()
	return s.attributeTables(docs)
}

// objects are the instances that an address means: its own, or all of a resource.
func (s *shownState) objects() ([]model.InstanceEntry, error) {
	var found []model.InstanceEntry
	for i, r := range s.doc.Index.Resources() {
		if !strings.HasPrefix(s.showOptions.resource, r.Address) {
			continue
		}
		all, err := s.doc.Index.Instances(s.doc.Body, i)
		if err != nil {
			return nil, err
		}
		for _, o := range all {
			if s.showOptions.resource == r.Address || s.showOptions.resource == o.Address {
				found = append(found, o)
			}
		}
	}
	return found, nil
}

func (s *shownState) attributeTables(docs []objectDoc) error {
	for i, d := range docs {
		title := d.Address
		if d.Tainted {
			title += " (tainted)"
		}
		if d.Deposed != nil {
			title += " (deposed " + *d.Deposed + ")"
		}
		lead := ""
		if i > 0 {
			lead = "\n"
		}
		if _, err := fmt.Fprintf(s.stdout, "%s%s\n", lead, widget.Sanitize(title)); err != nil {
			return err
		}
		t := &table{columns: []column{{title: "attribute", cut: 24}, {title: "value", cut: 24, end: true}}}
		s.attributeRows(t, "", d.value)
		if err := t.write(s.stdout, s.columns()); err != nil {
			return err
		}
	}
	return nil
}

// attributeRows adds a row for each value that has no parts, and for what is
// hidden or empty as a whole.
func (s *shownState) attributeRows(t *table, path string, v *model.Value) {
	if v.Scalar() || v.Sensitive && !s.reveal || len(v.Items)+len(v.Members) == 0 {
		t.add(path, s.printed(v))
		return
	}
	for i, item := range v.Items {
		s.attributeRows(t, fmt.Sprintf("%s[%d]", path, i), item)
	}
	for _, m := range v.Members {
		s.attributeRows(t, joinPath(path, s.hideName(m.Name)), m.Value)
	}
}

func joinPath(path, name string) string {
	switch {
	case !isPlainName(name):
		return path + "[" + model.QuoteKey(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

func isPlainName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func (s *shownState) hideName(name string) string {
	if s.reveal {
		return name
	}
	return s.doc.Secrets.Mask(name)
}

// printed is a value on one line, in clear where it was asked for.
func (s *shownState) printed(v *model.Value) string {
	if s.reveal {
		return v.Clear()
	}
	return s.doc.Secrets.Print(v)
}
