package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

func TestAnEngineerFindsWhatDiesWithAKey(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("4").sees("Keys", "✖ 12 d left", "PendingDeletion: 12 d left (2026-12-03)", "at least 2 old versions cannot be read: restores of them fail")
	s.press("enter").sees("Keys › tfstate-2022", "cancelled until then", "↓")
	s.press("ctrl+y")
	if want := "aws kms cancel-key-deletion --key-id " + sampleARN + "9ce2a0d8-ed44-4fb3-87fb-572b495f10f3 --region eu-west-1\naws kms enable-key --key-id"; !strings.HasPrefix(s.copied, want) {
		t.Errorf("copied %q", s.copied)
	}
	s.press("y")
	if s.copied != sampleARN+"9ce2a0d8-ed44-4fb3-87fb-572b495f10f3" {
		t.Errorf("copied %q", s.copied)
	}
	s.press("G").sees("never rotated", "acme-tfstate-data/warehouse/terraform.tfstate", "0 current, 1 state in all")
	s.press("esc", "/").text("net/core").press("enter").sees("1 of 5", "tfstate-eu").missing("tfstate-2022")
	s.press("Y")
	if !strings.HasPrefix(s.copied, "stateward keys") {
		t.Errorf("copied %q", s.copied)
	}
}

func TestKeysOfBackendsThatCannotBeRead(t *testing.T) {
	f := sampleFleet()
	f.keysErr = map[string]error{"acme-legacy-state": &model.Failure{Kind: model.ErrDenied, Tried: "listing", On: "s3://acme-legacy-state/", Action: "s3:ListBucket"}}
	page := f.keys["acme-tfstate-data"]
	page.Problems = []string{"AccessDenied s3:GetObjectVersion on s3://acme-tfstate-data/"}
	f.keys["acme-tfstate-data"] = page
	open(t, f).press("4").sees("tfstate-2022", "AccessDenied s3:ListBucket", "AccessDenied s3:GetObjectVersion on s3://acme-tfstate-data/")
}

// A refresh shows each key once, and the page of one key shows what is new.
func TestKeysAreReadAgain(t *testing.T) {
	f := sampleFleet()
	s := open(t, f).press("4").sees("5 · now")
	s.press("enter").sees("Keys › tfstate-2022", "PendingDeletion")
	page := f.keys["acme-tfstate-data"]
	saved := page.Keys[1]
	saved.State, saved.DeletionDate = model.Known(model.KeyDisabled), model.Known(time.Time{})
	f.keys["acme-tfstate-data"] = model.KeyPage{Keys: []model.Key{page.Keys[0], saved}}
	s.press("ctrl+r").sees("✖ Disabled", "enabling it brings all back").missing("PendingDeletion")
	s.press("esc").sees("5 · now", "✖ Disabled")
}

// A refresh that reaches nothing leaves what was known, and says so.
func TestKeysOfBeforeStayWhenNothingAnswers(t *testing.T) {
	f := sampleFleet()
	s := open(t, f).press("4").sees("5 · now", "tfstate-2022")
	down := &model.Failure{Kind: model.ErrUnreachable, Tried: "listing", On: "the endpoint"}
	f.keys, f.keysErr = nil, map[string]error{"acme-tfstate-data": down, "acme-tfstate-network": down, "acme-tfstate-payments": down, "acme-tfstate-prod": down, "acme-legacy-state": down}
	s.press("ctrl+r").sees("tfstate-2022", "not reachable").missing("no KMS keys")
}

// The encryption costs a request for each version: it is read when it is looked
// at, and not before.
func TestTheEncryptionOfAStateIsReadWhenItIsLookedAt(t *testing.T) {
	f := sampleFleet()
	s := open(t, f).warehouse().press("ctrl+r", "tab", "tab", "tab").wait(time.Hour)
	if n := f.count("StateEncryption"); n != 0 {
		t.Fatalf("read %d times behind another tab", n)
	}
	s.press("tab").sees("bucket default", "▲ differs", "encryption ▲")
	if n := f.count("StateEncryption"); n != 1 {
		t.Fatalf("read %d times", n)
	}
	s.press("j", "j", "j", "y")
	if s.copied != sampleARN+"9ce2a0d8-ed44-4fb3-87fb-572b495f10f3" {
		t.Errorf("copied %q", s.copied)
	}
	s.press("tab").wait(time.Hour)
	if n := f.count("StateEncryption"); n != 1 {
		t.Errorf("read %d times, also behind another tab", n)
	}
}

func TestAStateThatIsEncryptedAlikeSaysSo(t *testing.T) {
	f := sampleFleet()
	kms := model.Known(model.Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/x"})
	f.encrypted["s3://acme-tfstate-data/"+theKey] = model.StateEncryption{Bucket: kms, LockFile: model.LockFileEncryption{Found: model.Known(false)},
		Client:   model.Known(&model.ClientEncryption{Version: "v0", KeyProviders: []string{"pbkdf2.k", "aws_kms.main"}}),
		Versions: []model.VersionEncryption{{IsLatest: true, Encryption: kms}}}
	s := open(t, f).encryption().sees("none found: what was read is encrypted alike", "● OpenTofu").missing("differs", "▲")
	s.press("G").sees("key providers: pbkdf2.k, aws_kms.main")
}
