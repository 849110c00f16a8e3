package world

// stale makes clouds forgetful: what was made just now is not seen by everyone at once (eventual consistency).
type stale struct {
	// left counts, by resource, the calls that will not see it.
	left map[string]int
	// missed are the resources that the call under way does not see.
	missed map[string]bool
	// own is the type of resource that the call under way changes.
	own string
}

// Hide keeps a resource from being found (Get, List) by the next calls that look for it. The caller holds the lock.
func (w *World) Hide(r *Resource, calls int) {
	if calls == 0 {
		return
	}
	if w.stale.left == nil {
		w.stale.left = map[string]int{}
	}
	w.stale.left[r.Key()] = calls
}

// Begin begins a call: what it does not see once, it does not see to its end. Resources of the type own are seen always:
// a cloud knows at once that a name is taken. The caller holds the lock.
func (w *World) Begin(own string) { w.stale.missed, w.stale.own = map[string]bool{}, own }

func (w *World) unseen(r *Resource) bool {
	key := r.Key()
	if w.stale.missed[key] {
		return true
	}
	if w.stale.left[key] == 0 || r.Type == w.stale.own {
		return false
	}
	w.stale.left[key]--
	w.stale.missed[key] = true
	return true
}
