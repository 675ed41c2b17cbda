package gen

// features are the interfaces of package sdk that a function can take, in the
// order in which an Exchange embeds them.
var features = []string{
	"Request", "RequestHeaders", "RequestBody", "RequestStream", "RequestTrailers",
	"Response", "ResponseStatus", "ResponseStream", "SendFile", "ResponseTrailers", "EarlyHints", "Upgrade", "Reset", "Connection", "TLS",
	"Lifetime", "TimedLifetime",
}

// verbs are the words of a declaration that declare a route, and their methods.
var verbs = map[string]string{
	"Get": "GET", "Head": "HEAD", "Post": "POST", "Put": "PUT", "Patch": "PATCH", "Delete": "DELETE", "Options": "OPTIONS",
}

// methods is the order in which methods are emitted.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
