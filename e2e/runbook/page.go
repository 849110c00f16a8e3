package runbook

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	fenced = regexp.MustCompile("(?s)```sh\n(.*?)```")
	inline = regexp.MustCompile("`([^`]+)`")
	// programs are those whose bare name in the text is a command.
	programs = []string{"aws", "az", "bifrostctl", "curl", "docker", "gcloud", "helm", "kubectl",
		"make", "pg_dump", "pg_restore", "psql", "pulumi"}
)

// Read splits a page into those of the given commands that it has, and what may be a command and is none of them: the lines of its blocks
// of shell, and what stands between backticks and has more than one word, or is a program's name. A key with its
// value is none.
func Read(page string, known map[string]Way) (found map[string]bool, unknown []string) {
	found = map[string]bool{}
	for _, block := range fenced.FindAllStringSubmatch(page, -1) {
		unknown = append(unknown, readBlock(block[1], known, found)...)
	}
	for _, span := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		words := strings.Fields(span[1])
		code := strings.Join(words, " ")
		if _, ok := known[code]; ok {
			found[code] = true
		} else if len(words) > 1 && !strings.HasSuffix(words[0], ":") || slices.Contains(programs, code) {
			unknown = append(unknown, code)
		}
	}
	return found, unknown
}

// readBlock takes the known commands off a block, one after the other, with their comments.
func readBlock(block string, known map[string]Way, found map[string]bool) (unknown []string) {
	// A command may begin another one, so that the longest comes first.
	longest := slices.SortedFunc(maps.Keys(known), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	rest := strings.TrimSpace(block)
	for rest != "" {
		i := slices.IndexFunc(longest, func(command string) bool {
			after, begins := strings.CutPrefix(rest, command)
			end, _, _ := strings.Cut(after, "\n")
			end = strings.TrimSpace(end)
			return begins && (end == "" || strings.HasPrefix(end, "#"))
		})
		taken := 0
		if i >= 0 {
			found[longest[i]], taken = true, len(longest[i])
		}
		line, after, _ := strings.Cut(rest[taken:], "\n")
		if i < 0 && !strings.HasPrefix(line, "#") {
			unknown = append(unknown, line)
		}
		rest = strings.TrimSpace(after)
	}
	return unknown
}
