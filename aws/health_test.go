package aws_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	fleet "github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

func TestX(t *testing.T) {
	now := time.Date(2026, 11, 21, 19, 11, 7, 0, time.UTC)
	s := newSite(t, emulator.Options{Seed: 7, Clock: func() time.Time { return now }, EnforceRegion: true})
	s.must(fleet.Seed(s.emulator, now))
	for _, name := range []string{"acme-tfstate-prod", "acme-tfstate-payments", "acme-tfstate-network", "acme-tfstate-data", "acme-legacy-state"} {
		s.emulator.ResetLog()
		began := time.Now()
		f := s.client().Health(t.Context(), model.Backend{Name: name, Bucket: name})
		took := time.Since(began)
		ops := map[string]int{}
		for _, r := range s.emulator.Requests() {
			ops[r.Service+":"+r.Operation]++
		}
		fmt.Println(name, took, len(f.States.Items), ops)
		if len(os.Getenv("FULL")) > 0 {
			fmt.Printf("%+v\n", f)
			_ = json.Marshal
		}
	}
}
