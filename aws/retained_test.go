package aws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// Whoever opens one state after another in a session of days must not run out of
// memory: what is kept of states is bounded, however many were opened.
func TestWhatIsKeptOfManyOpenedStatesIsBounded(t *testing.T) {
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	put := func(target, body string) {
		if status, answer := server.Do(server.Now(), "PUT", target, nil, []byte(body)); status != 200 {
			t.Fatalf("%s: %d %s", target, status, answer)
		}
	}
	put("/kept", "")
	put("/kept?versioning", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	c := New(Options{EndpointURL: server.URL(), Static: &StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"}})
	c.bodies.read = newLRU[versionAt, model.StateDocument](1 << 20) // so that small states will do
	filler := strings.Repeat("x", 32<<10)
	for i := range 200 {
		key := fmt.Sprintf("%d.tfstate", i)
		put("/kept/"+key, fmt.Sprintf(`{"version":4,"serial":1,"lineage":"l","outputs":{"o":{"value":"%s%d","type":"string","sensitive":true}},"resources":[]}`, filler, i))
		if _, err := c.StateBody(t.Context(), model.Backend{Bucket: "kept"}, key, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	if held, n := c.bodies.read.held, c.bodies.read.order.Len(); held > 1<<20 || n == 0 || n > 32 {
		t.Errorf("%d bodies of %d bytes are kept", n, held)
	}
	if n := c.bodies.secrets.order.Len(); n != maxSecretsStates {
		t.Errorf("the secrets of %d states are kept", n)
	}
	if n := c.facts.order.Len(); n > c.facts.max {
		t.Errorf("the facts of %d versions are kept", n)
	}
}
