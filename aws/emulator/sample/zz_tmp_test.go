package sample_test

import (
	"testing"
	"time"
	"fmt"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

func TestZZ(t *testing.T) {
	s, err := emulator.Start(emulator.Options{})
	if err != nil { t.Fatal(err) }
	defer s.Close()
	n := time.Now()
	if err := sample.Seed(s, n); err != nil { t.Fatal(err) }
	fmt.Println("seed", time.Since(n))
	c := aws.New(aws.Options{EndpointURL: s.URL(), Region: "us-east-1", Discover: true, Static: &aws.StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"}, Timeout: 5 * time.Second})
	all := map[string]model.Backend{}
	var order []string
	for bs, err := range c.Backends(t.Context()) {
		if err != nil { t.Fatal(err) }
		for _, b := range bs { if _, ok := all[b.Bucket]; !ok { order = append(order, b.Bucket) }; all[b.Bucket] = b; fmt.Println("backend", b.Bucket, b.Source, b.Region, b.Tables, b.Declared) }
	}
	for _, name := range order {
		b := all[name]
		f := c.BackendFacts(t.Context(), b)
		fmt.Printf("%s: %+v\n", name, f)
		for p, err := range c.States(t.Context(), b, model.StateQuery{Deleted: true}) {
			if err != nil { t.Fatal(err) }
			for _, st := range p.States {
				sf := c.StateFacts(t.Context(), b, st)
				h := sf.Header.Or(model.StateHeader{})
				var serial uint64
				if h.Serial != nil { serial = *h.Serial }
				fmt.Println("  ", st.Key, st.Workspace, st.Deleted, st.Size, n.Sub(st.LastModified).Round(time.Minute), h.Format, serial, sf.Resources, sf.Encryption, sf.Locked, sf.Digest)
			}
			fmt.Println("  others", p.Others, p.Problem)
		}
		for _, l := range c.Locks(t.Context(), b).Locks {
			v, e := l.Verdict, l.Evidence
			fmt.Println("  LOCK", l.Key, l.Mechanism, l.Table, l.Info.Who, l.Malformed, v, e)
		}
	}
}
