package sandbox

import (
	"errors"
	"strings"
	"time"

	"bifrost/bifrostctl/sandbox/cloud"
)

// clockType names the clocks of the clouds for `sandbox change`.
const clockType = "sandbox:clock"

// changeClock puts the clouds' clocks ahead of this machine's, by later=DURATION: time in which nothing was refreshed.
func changeClock(world *cloud.World, settings []string) error {
	for _, setting := range settings {
		text, ok := strings.CutPrefix(setting, "later=")
		ahead, err := time.ParseDuration(text)
		if !ok || err != nil || ahead < 0 {
			return errors.New("the clock has one setting: later=13h lets it go 13 hours ahead, later=0s sets it right")
		}
		world.Later = ahead
	}
	return nil
}
