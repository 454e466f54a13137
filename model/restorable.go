package model

import "cmp"

// Settle works out whether the content of a version can be written again, from
// what was read of it beyond the listing. Whether a restore may run at this
// moment (locks, policies, versioning) only its plan tells.
func (v *Version) Settle() {
	header, read := v.Facts.Header.Get()
	switch {
	case v.Restorable.IsKnown() || v.DeleteMarker:
	case v.Facts.Barred != "":
		v.Restorable, v.WhyNot = Known(false), v.Facts.Barred
	case v.Facts.Header.IsUnknown():
		v.Restorable = Unknown[bool](v.Facts.Header.Reason())
	case !read:
	case header.Format == FormatEmpty || header.Format == FormatInvalid:
		v.Restorable, v.WhyNot = Known(false), cmp.Or(header.Problem, "it is no state")
	case header.Format == FormatEncrypted || v.Facts.Resources.IsKnown():
		v.Restorable = Known(true)
	case v.Facts.Resources.IsUnknown():
		v.Restorable = Unknown[bool](v.Facts.Resources.Reason())
	}
}
