package model

// readOutputs reads an "outputs" object and appends its members to all. In
// format v1 a member is the value itself.
func readOutputs(s *stateScanner, all *[]OutputEntry) error {
	return s.object("outputs", func(_, name []byte) error {
		out := OutputEntry{Name: string(name)}
		start := s.nextStart()
		if s.dec.PeekKind() == '"' {
			if err := s.skip(); err != nil {
				return err
			}
			out.Value = Span{Start: start, End: s.offset()}
		} else if err := readOutput(s, &out); err != nil {
			return err
		}
		out.Span = Span{Start: start, End: s.offset()}
		*all = append(*all, out)
		return nil
	})
}

func readOutput(s *stateScanner, out *OutputEntry) error {
	return s.object("an output", func(_, name []byte) (err error) {
		switch string(name) {
		case "sensitive":
			out.Sensitive, err = s.flag("sensitive")
		case "value":
			err = readAt(s, &out.Value)
		case "type":
			err = readAt(s, &out.Type)
		default:
			err = s.skip()
		}
		return err
	})
}

func readAt(s *stateScanner, where *Span) error {
	_, at, err := s.value()
	*where = at
	return err
}
