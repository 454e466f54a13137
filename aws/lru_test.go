package aws

import "testing"

func TestWhatIsKeptStaysWithinItsWeight(t *testing.T) {
	l := newLRU[string, int](10)
	has := func(want string) {
		t.Helper()
		got := ""
		for _, k := range []string{"a", "b", "c", "d"} {
			if _, ok := l.at[k]; ok {
				got += k
			}
		}
		if got != want || l.held > l.max || l.order.Len() != len(l.at) {
			t.Errorf("holds %q (weight %d), want %q", got, l.held, want)
		}
	}
	l.put("a", 1, 4)
	l.put("b", 2, 4)
	has("ab")
	if v, ok := l.get("a"); v != 1 || !ok {
		t.Errorf("a is %d, %t", v, ok)
	}
	l.put("c", 3, 4) // b was used least recently
	has("ac")
	l.put("d", 4, 11) // too heavy by itself
	has("ac")
	l.put("a", 5, 9)
	has("a")
	if v := l.update("a", 1, func(old int, ok bool) int {
		if !ok {
			t.Error("a is gone")
		}
		return old + 1
	}); v != 6 || l.held != 1 {
		t.Errorf("a is %d with a weight of %d", v, l.held)
	}
	if _, ok := l.get("b"); ok {
		t.Error("b is still there")
	}
}
