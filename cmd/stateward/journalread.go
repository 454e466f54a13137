package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/stateward/stateward/model"
)

// maxJournalLine is the longest line that is taken for an entry.
const maxJournalLine = 4 << 20

// readJournal reads every entry. A line that is no entry, as a process that was
// killed while writing leaves one, is told of in problems and skipped. A journal
// that does not exist yet is empty.
func readJournal(path string) (entries []model.JournalEntry, problems []string, err error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own file
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	entries, problems, err = parseJournal(f)
	model.NoteRecoveries(entries)
	return entries, problems, err
}

func parseJournal(r io.Reader) (entries []model.JournalEntry, problems []string, err error) {
	in := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, ended, err := nextLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return entries, problems, err
		}
		var e model.JournalEntry
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &e) == nil && e.ID != "":
			entries = append(entries, e)
		case !ended:
			problems = append(problems, fmt.Sprintf("line %d, the last, is cut off: the process that wrote it was killed", number))
		default:
			problems = append(problems, fmt.Sprintf("line %d is no entry and was skipped", number))
		}
		if err != nil {
			return entries, problems, nil
		}
	}
}

// nextLine is a line without its end, at most a little over maxJournalLine of
// it. ended is false for a last line without a newline.
func nextLine(in *bufio.Reader) (line []byte, ended bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(line) <= maxJournalLine {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		ended = err == nil
		return bytes.TrimSpace(line), ended, err
	}
}
