package report

import (
	"regexp"
	"strings"
	"unicode"
)

var ticks = regexp.MustCompile("`+")

// longestRun is the length of the longest run of backticks.
func longestRun(text string) int {
	longest := 0
	for _, run := range ticks.FindAllString(text, -1) {
		longest = max(longest, len(run))
	}
	return longest
}

// code is a text as a span of code: nothing in it is Markdown, HTML or a mention, whatever it holds (CommonMark, "Code spans").
func code(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if strings.TrimSpace(text) == "" {
		return "`\"\"`"
	}
	fence := strings.Repeat("`", longestRun(text)+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// block is a text as a block of code in a language, each line after some indent.
func block(language, text, indent string) string {
	fence := strings.Repeat("`", max(3, longestRun(text)+1))
	var all strings.Builder
	for _, line := range strings.Split(fence+language+"\n"+strings.TrimRight(text, "\n")+"\n"+fence, "\n") {
		all.WriteString(indent + strings.Map(visible, line) + "\n")
	}
	return all.String()
}

// visible leaves out what a terminal or a page would act on.
func visible(r rune) rune {
	if unicode.IsControl(r) && r != '\t' {
		return -1
	}
	return r
}
