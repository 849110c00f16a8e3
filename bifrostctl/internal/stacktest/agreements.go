package stacktest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// agreement is the command that says a change for the second time.
var agreement = regexp.MustCompile("`pulumi config set --stack [a-z-]+ --path 'bifrost:(agreed\\.[a-zA-Z]+)(\\[(\\d+)\\])?' '([^']+)'`")

// Agreements are the settings that the commands of a stopped up, or of its preview, make.
func Agreements(messages string) []string {
	lists := map[string]map[string]string{}
	var settings []string
	for _, found := range agreement.FindAllStringSubmatch(messages, -1) {
		key, index, value := found[1], found[3], fmt.Sprintf("%q", found[4])
		if index == "" {
			settings = append(settings, key+"="+value)
			continue
		}
		if lists[key] == nil {
			lists[key] = map[string]string{}
		}
		lists[key][index] = value
	}
	for key, list := range lists {
		var members []string
		for _, index := range slices.Sorted(maps.Keys(list)) {
			members = append(members, list[index])
		}
		settings = append(settings, key+"=["+strings.Join(members, ", ")+"]")
	}
	slices.Sort(settings)
	return slices.Compact(settings)
}
