package report

import (
	"fmt"
	"slices"
	"strings"
)

// sentence says a right that somebody gets, or loses, in Markdown. What joined put together are names of their own.
func (r Right) sentence(gets bool) string {
	may := "may now"
	switch {
	case r.Denied && gets:
		may = "may not any more"
	case r.Denied:
		may = "is no longer kept from: may"
	case !gets:
		may = "may no longer"
	}
	parts := []string{"**" + may + "**", r.deed()}
	if r.Who != "" {
		parts = append([]string{code(r.Who)}, parts...)
	}
	if r.On != "" {
		parts = append(parts, r.preposition()+names(r.On))
	}
	switch {
	case r.When != "" && r.Kind == Reaches:
		parts = append(parts, "on "+code(r.When))
	case r.When != "":
		parts = append(parts, "where "+code(r.When))
	}
	return strings.Join(parts, " ")
}

// deeds are what the rights of this package do that are words. Whatever else stands there is a name out of a document.
var deeds = []string{
	"do what the policy allows", "do more than the boundary allows", "do what the role allows", "become", "sign in to",
	"sign in to the account", "reach", "reach members of", "be reached by members of", "reach the load balancer", "reach the Service",
	"reach the gateway at", unreadable,
}

// deed is what may be done: names of actions as code, words as they are.
func (r Right) deed() string {
	words, role, named := strings.Cut(r.Does, ": ")
	switch {
	case !slices.Contains(deeds, words):
		return names(r.Does)
	case named:
		return fmt.Sprintf("%s %s", words, code(role))
	}
	return words
}

func (r Right) preposition() string {
	words, _, _ := strings.Cut(r.Does, ": ")
	if slices.Contains(deeds, words) && !strings.HasPrefix(r.Does, "do what the role allows") {
		return ""
	}
	return "on "
}

// names are those that joined put together, as code.
func names(text string) string {
	var all []string
	for _, name := range strings.Split(text, separator) {
		all = append(all, code(name))
	}
	if last := len(all) - 1; last > 0 {
		return strings.Join(all[:last], ", ") + " and " + all[last]
	}
	return all[0]
}
