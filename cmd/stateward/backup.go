package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
)

// maxBackupName bounds the part of a backup's name that comes from the state's
// key: file systems take names of 255 bytes.
const maxBackupName = 150

// backupDir keeps the bytes that an operation is about to replace. It lies
// beside the journal: where --journal points out of a read-only home, backups
// follow.
type backupDir struct {
	journal *journalFile
	now     func() time.Time
}

// Save writes the body to a new file that only this user can read and returns
// its path once it is on disk. name is what the body is: bucket and key.
func (d *backupDir) Save(_ context.Context, name string, body []byte) (string, error) {
	journal, err := d.journal.path()
	if err != nil {
		return "", backupFailure(err)
	}
	dir := filepath.Join(filepath.Dir(journal), "backups")
	if err := makePrivate(dir); err != nil {
		return "", backupFailure(err)
	}
	sum := sha256.Sum256(body)
	base := d.now().UTC().Format("20060102T150405Z") + "-" + fileName(name) + "-" + hex.EncodeToString(sum[:6])
	path, err := saveNew(dir, base, body)
	if err != nil {
		return "", backupFailure(err)
	}
	syncDir(dir)
	return path, nil
}

func backupFailure(err error) error {
	return &model.Failure{Kind: model.ErrJournal, Tried: "saving the backup", Cause: err,
		Next: fmt.Sprintf("Nothing was sent (%v). Backups are kept beside the journal: name a place that can be written with --journal FILE.", err)}
}

// makePrivate makes a directory that only this user can look into.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return os.Chmod(dir, privateDir) // fails where the directory is another user's
}

// saveNew never overwrites: two backups in one second get different names.
func saveNew(dir, base string, body []byte) (string, error) {
	for i := range 1000 {
		name := base
		if i > 0 {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		path := filepath.Join(dir, name+".tfstate")
		err := writeNew(path, body)
		if !errors.Is(err, fs.ErrExist) {
			return path, err
		}
	}
	return "", fmt.Errorf("%s: too many backups of that name", base)
}

func writeNew(path string, body []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, privateFile) //nolint:gosec // in a directory of our own
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(path) // half a backup is none
	}
	return err
}

// fileName makes a file name of bucket and key. The end tells which state it
// is, so that is what stays of a long one.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		ok := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_'
		if !ok {
			return '-'
		}
		return r
	}, strings.TrimPrefix(name, "s3://"))
	safe = strings.TrimSuffix(safe, ".tfstate")
	if len(safe) > maxBackupName {
		safe = safe[len(safe)-maxBackupName:]
	}
	return strings.Trim(safe, "-.")
}
