package gateway

import (
	"slices"
	"strings"
)

// Served are what paths of the gateway begin with, beside the dashboard, which is at the root (maximhq/bifrost, transports/bifrost-http,
// handlers and integrations). Nothing of it answers below another path, and no variable moves it.
var Served = []string{
	"anthropic", "api", "bedrock", "cohere", "cursor", "genai", "health", "langchain", "litellm", "mcp", "metrics", "openai", "pydanticai",
	"v1",
}

// Serves tells whether the gateway answers below an absolute path; an empty one is the root.
func Serves(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first == "" || slices.Contains(Served, strings.TrimSuffix(first, "_passthrough"))
}
