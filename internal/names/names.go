// Package names makes physical names that stay within the limits of their cloud.
package names

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// MaxLabel is the longest DNS label, in bytes: the limit of Kubernetes Job names, since their pods carry it as a label.
const MaxLabel = 63

// hashLength is enough that two inputs of one stack do not meet: 40 bits.
const hashLength = 10

// Hashed returns base, a dash and a short hash of parts, at most max bytes long; base is shortened where needed.
// The same parts in the same order give the same name.
func Hashed(base string, max int, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	suffix := "-" + hex.EncodeToString(h.Sum(nil))[:hashLength]
	if room := max - len(suffix); len(base) > room {
		base = strings.TrimRight(base[:room], "-")
	}
	return base + suffix
}
