// Package decl holds the words that an app is declared with.
//
// A declaration is a Go function that windhover reads and that never runs:
//
//	var _ = decl.App(declare)
//
//	func declare(s *decl.Server, app *App) {
//		s.Use(Log)
//		s.Get("/healthz", decl.Text(200, "ok"))
//		s.Group("/users", func(s *decl.Group) {
//			s.Use(app.Authorize)
//			s.Get("/{id}", app.GetUser)
//		})
//	}
//
// It consists of calls on its first parameter and of calls of functions that
// take a *Server or *Group first, of any package. There are no conditions, loops
// or variables: every path and number is a constant. The parameters behind the
// first are the services of the app: they become the parameters of NewPipeline.
// A function that is called with the server or a group is given services, package
// variables, or fields of them, which are services in it:
//
//	billing.Routes(s, app.Billing)
//
// What such a function of another package names must be exported, for it is
// called from the package of the app.
//
// A declaration is called as often as the program calls it, which is never;
// nothing of this package is linked. A test can run it (Record) and compare what it
// declares with what windhover read.
//
// # Paths
//
// A path is a sequence of segments: literal text, {name} for one segment that
// is not empty, {name...} at the end for the rest, {$} at the end for the end
// of the path, so that "/users/{$}" is "/users/" alone, and {_} for a segment
// that nobody reads. Routes are chosen segment by segment, a literal before a
// wildcard with a type that is narrower than string, that before {name}, and
// that before {name...}; the order of the declaration has no meaning. A segment
// that does not parse as the type of its wildcard tries the next route. A type
// with UnmarshalText takes every text there, because no function of the app
// runs before the route is chosen; what it refuses is answered as BadPath says.
//
// # Documentation
//
// A comment above a route describes it in the app's OpenAPI document, and one
// above a group describes the tag of its routes. A route without one is described
// by the comment of its handler.
//
// # Functions
//
// A function says by its parameters what it uses; their order has no meaning:
//
//   - a feature: an interface of package sdk, or context.Context;
//   - the content of the request: sdk.JSON[T], sdk.Form[T], sdk.Bytes,
//     sdk.Body;
//   - sdk.Query[T], sdk.Header[T] and sdk.Cookie[T], by the parameter's name;
//   - a struct whose fields carry path, query, header or cookie tags, where a
//     slice takes every value of a key of the query;
//   - a value: what an earlier function of Use returned, or a service;
//   - a path wildcard: string, bool, an integer, a float, a type based on one
//     of these, or one with UnmarshalText, by the parameter's name.
//
// Where a value can be a string, it can be a msg.View, which is borrowed until
// the function returns: neither copied nor allocated, unless it has escapes.
//
// A handler returns nothing, an error, a value that is sent as JSON (or as
// Encode says), or a value and an error. Beside a value it can take
// sdk.Response, for the status and the fields. A function of Use returns values
// for those that follow, and may return an error, which ends the request, and
// an sdk.Flow.
package decl

// App marks the declaration of a package. It returns nothing of use and is
// written as
//
//	var _ = decl.App(declare)
//
// so that declare counts as used.
func App(declaration any) struct{} { return struct{}{} }

// A Server is declared by the first parameter of the declaration. What is said
// of it holds for every route, and for the answers 404 and 405.
type Server struct{ Routes }

// HTTP1 declares HTTP/1.1, which is also what is declared when nothing is.
func (s *Server) HTTP1() {}

// HTTP2 declares HTTP/2 (RFC 9113): over TLS where the client negotiates it, and on
// endpoints without TLS for clients that know that it is spoken there. With HTTP1
// both are spoken on every endpoint; without, HTTP/2 alone.
func (s *Server) HTTP2() {}

// TLS declares endpoints with TLS: https://:8443?cert=cert.pem&key=key.pem.
// What they have in common is an https.Config, in sdk.Config.TLS.
func (s *Server) TLS() {}

// API names the app in its OpenAPI document, which windhover openapi writes: its
// title, and the version of what it offers. A comment above the call describes
// it. Without API they are the name of the package and 0.0.0.
func (s *Server) API(title, version string) {}

// StrictRoutes makes it an error that two routes match one path and neither is
// the narrower one in every segment, such as "/a/{x}/c" and "/a/b/{y}". Without
// it the first segment that differs decides, and windhover routes notes it.
func (s *Server) StrictRoutes() {}

// Paths asks for a function for each path: PathUsersID(id int64) string for
// "/users/{id}", so that a link to a route that is gone or takes another type does
// not compile. Texts are escaped, segment by segment.
func (s *Server) Paths() {}

// RedirectSlash answers a path that no route has with 308 (Permanent Redirect)
// when a route for the method has the same path with a slash at its end, or
// without the one that it has. The query stays. Without it the two are different
// paths, and one that is not declared is answered 404.
func (s *Server) RedirectSlash() {}

// BadPath is the status that answers a path which would be that of a route if a
// segment were of the type of its wildcard, such as /users/me for
// "/users/{id}" with id int64: 404 if nothing is said, 400, or another from 400
// to 499.
func (s *Server) BadPath(status int) {}

// Host declares routes for requests to a host alone, such as "api.example.com".
// Where it has a route for a path and method, those of every host are not
// considered. Hosts are compared without case, and the port does not count.
// declaration is as that of Group.
func (s *Server) Host(name string, declaration func(s *Group)) { s.scope.group(name, "", declaration) }

// Refusals declares what answers the requests that the server refuses by
// itself: a response for each status, in the place of a line of text that names
// the reason. The statuses are 400, 408, 413, 414, 417, 421, 431, 501 and 505.
// Where a fault is found when the route is known (content over the limit,
// malformed or late), the function of Errors of the route comes first.
// Connection: close, Date and Content-Length are added.
func (s *Server) Refusals(responses ...Response) {}

// A Group is a set of routes with a path in front and functions of their own.
type Group struct{ Routes }

// Routes is what a server and a group can both declare.
type Routes struct{ scope *scope }

// Get declares a route. It answers HEAD too, unless Head declares that itself.
// function is a handler, or a response that is known now (Text, JSON, Content).
func (r *Routes) Get(path string, function any) *Route {
	return r.scope.add("GET", path, function)
}

// Head declares a route for HEAD alone.
func (r *Routes) Head(path string, function any) *Route {
	return r.scope.add("HEAD", path, function)
}

// Post declares a route.
func (r *Routes) Post(path string, function any) *Route {
	return r.scope.add("POST", path, function)
}

// Put declares a route.
func (r *Routes) Put(path string, function any) *Route {
	return r.scope.add("PUT", path, function)
}

// Patch declares a route.
func (r *Routes) Patch(path string, function any) *Route {
	return r.scope.add("PATCH", path, function)
}

// Delete declares a route.
func (r *Routes) Delete(path string, function any) *Route {
	return r.scope.add("DELETE", path, function)
}

// Options declares a route. Without it, OPTIONS is answered with the methods
// that the path has.
func (r *Routes) Options(path string, function any) *Route {
	return r.scope.add("OPTIONS", path, function)
}

// Files declares a route that answers GET and HEAD below path, which ends with a
// slash, with files. These are
//
//   - a constant: a directory, relative to the working directory of the process
//     (s.Files("/assets/", "assets"));
//   - an embed.FS: a service, a package variable or a field of one
//     (s.Files("/assets/", app.Assets, "dist"));
//   - any other fs.FS, likewise.
//
// directory is what of an fs.FS is served, all of it if it is not there. A
// directory that is not there when the app is made is an error of sdk.New.
//
// A path that ends with a slash is answered with index.html, that of a directory
// that has one without the slash 308; there are no listings. Names that begin
// with a dot are 404, but for "/.well-known/" in front (RFC 8615), and so is
// what is no plain file, and what a symbolic link leads to outside the
// directory. 404 is sdk.ErrNotFound: the function of Errors answers it, as it does
// the other errors (403, 412, 416, 503).
//
// The media type comes from the extension, by a table that is the same everywhere
// (package sdk/files), application/octet-stream if it is not there; clients are
// told not to guess (X-Content-Type-Options: nosniff). Files have an ETag, of size
// and date, of an embed.FS of the content, and directories Last-Modified; with
// these, conditional requests (RFC 9110 section 13) and ranges (section 14) are
// answered: up to 16 of them, as multipart/byteranges; what is malformed, more
// than that or more than the file is answered with all of it.
//
// Files run off the loop, and are sent without a copy where that is possible.
func (r *Routes) Files(path string, files any, directory ...string) *FilesRoute {
	return r.scope.files(path)
}

// Group declares routes below a path. declaration is a function literal whose
// parameter hides that of the group around it, or a function.
func (r *Routes) Group(path string, declaration func(s *Group)) {
	r.scope.group("", path, declaration)
}

// Use makes every route below it run functions before its handler, in the
// order of the declaration.
func (r *Routes) Use(functions ...any) { r.scope.use(functions) }

// Finish makes every route below it run functions when its handler has returned
// or failed and nothing of its response is sent; the last declared runs first. A
// function runs if and only if the request came past its line. It can take the
// error that is about to be answered, nil when there is none, features, and what
// functions of Use before it returned. It may return an error, which replaces
// the answer; nil leaves it as it is.
//
// A transaction begins in a function of Use and ends in one of Finish. What stands
// before a function that takes the content runs before that has arrived: so where
// one does, begin the transaction behind it, or a slow client keeps it open.
//
// When a function panics, those of Finish run before the panic is answered, with
// sdk.ErrPanicked; when the client goes before the handler, they run before those
// of Done, with the cause. What they return has no effect then. A route that
// streams its response cannot have any.
func (r *Routes) Finish(functions ...any) {}

// Done makes every route below it run functions after its response was sent,
// or its connection was lost; the last declared runs first. A function runs if
// and only if the request came past its line. It can take sdk.Outcome and
// what functions of Use before it returned, and returns nothing.
func (r *Routes) Done(functions ...any) {}

// Errors makes function answer the errors of the routes of this server or group,
// those of groups without one included. It takes the error, sdk.Response and
// other features, and services; values of functions of Use are not at hand, for
// they may not have been made. Content that was written before the error is
// discarded; the status and the fields stay. Without it sdk.WriteError answers.
//
// It may return a value, which is sent as that of a handler is, with the status of
// the error (sdk.StatusOf) unless function sets another, and without the fields
// that described what was written before. mediaType is that of the value, which
// the OpenAPI document tells too, such as "application/problem+json" (RFC 9457):
// without it JSON is application/json. function can set another Content-Type.
//
// The error can be one that the server found when the route was known: content
// that is malformed (400), late (408) or over the limit (413), or a trailer
// section that is (431; in HTTP/2 the stream is reset). It is an
// *sdk.StatusError.
func (r *Routes) Errors(function any, mediaType ...string) {}

// Recover makes function answer the panics of the routes of this server or
// group, those of groups without one included, in place of the plain 500. It
// takes the value of the panic, an any, and can take sdk.Response and other
// features, and services. What was written before the panic is discarded, fields
// too, and the status is 500 unless it sets another. Config.OnPanic is told of
// the panic all the same. A response whose head was sent cannot be answered
// again: its connection is closed, or its stream of HTTP/2 reset.
func (r *Routes) Recover(function any) {}

// Encode makes function write what handlers of this server or group return,
// those of groups without one included, in place of JSON. It takes the result as
// an any, sdk.Response, other features such as sdk.RequestHeaders to choose by
// Accept, and services; it may return an error, which is answered like one of the
// handler. The any is a pointer to the result, or the result itself where that is
// a pointer or an interface. Any function func(sdk.Response, any) error will do,
// such as Encode of package sdk/json.
func (r *Routes) Encode(function any) {}

// Fails names errors that functions of the routes below it return, such as
// sdk.ErrUnauthorized or a variable of the package that is
// sdk.NewError(409, "taken"). The OpenAPI document has a response for each: its
// status, its reason, and the comment of the variable. It says what a type cannot,
// and changes nothing: what is not named is still answered.
func (r *Routes) Fails(errors ...error) {}

// OnLoop promises that no function of the routes below it ever blocks. They
// run on the event loop, without a change of goroutine.
func (r *Routes) OnLoop() {
	if r.scope != nil {
		r.scope.onLoop = true
	}
}

// MaxBody bounds the content of requests to the routes below it, in octets.
func (r *Routes) MaxBody(octets int64) {}

// Decode makes the content of requests to the routes below it be decoded where it
// has one of the content codings, "gzip" and "zstd", before a function takes it
// as sdk.Bytes, sdk.JSON or sdk.Form. octets bounds what it is when decoded; more
// is answered 413, another coding or several 415 with Accept-Encoding. Without
// Decode, sdk.JSON and sdk.Form are answered 415 for a coding, before they are
// read, and sdk.Bytes and sdk.Body are handed over as they were sent.
func (r *Routes) Decode(octets int64, codings ...string) {}

// Timeout bounds how long the functions of each route below it may take, as a
// time.Duration such as 2*time.Second, from the end of the request's head; the
// arrival of its content counts. When the time is over, the context.Context
// that the functions take ends, with the cause sdk.ErrTimeout. Go cannot end a
// function: the answer waits until it returns, so a function has to look at its
// context, and hand it to what it calls. An error that it returns then, and that
// does not say how to answer it, becomes sdk.ErrTimeout, for the function of
// Errors: 503. What a function makes without an error is sent, however late. Of
// a response that streams, what was sent stays sent. Functions of Finish, Done
// and Errors that take the context get the one that has ended.
//
// It holds for routes that have a function with a context.Context and are off the
// loop, and not for those that take sdk.Upgrade. The innermost one holds.
func (r *Routes) Timeout(d any) {}

// Limit bounds how many requests to the routes below it are in progress at once,
// counted for all of them together: from its line until the response is handed
// to the kernel, the arrival of the content between included. One more is
// answered at its line, with sdk.ErrBusy, which is 503, and Retry-After: 1; what
// stands above the line, such as a function of Use that authorizes, runs before.
// Several Limits around a route all hold. It does not hold for 404 and 405, nor
// for responses that are known now.
func (r *Routes) Limit(requests int64) {}

// ETag gives responses of the routes of GET below it a strong entity tag, made
// of the content and of what describes it, and answers conditional requests: 304
// without content where the client has it already, 412 where If-Match or
// If-Unmodified-Since does not hold. An ETag or a Last-Modified that a function
// sets is used in place of its own. Only a response 200 with content is looked
// at, after the functions of Finish: an error is never a 304. It saves
// octets, not work. It does not hold for responses that stream, nor for those
// that are known now.
func (r *Routes) ETag() {}

// Compress encodes the content of responses of the routes below it, and of
// answers to their errors, with the coding that the client accepts and likes
// best; of those that it likes equally, the first of codings: "zstd" and "gzip".
// Content of less than minimum octets (0: 1,024) is sent as it is, and so is what
// is not text, JSON, XML or another type that gains by it, what has a
// Content-Encoding, Content-Range or digest, and what Cache-Control: no-transform
// forbids. Vary gets Accept-Encoding. An ETag of encoded content is weak; clients
// that send it back in If-Match do not match then.
//
// On the loop, content over 64 KiB is sent as it is, for the loop would stand
// still meanwhile. Everywhere it is, when 16 responses are being encoded with a
// coding already. It does not hold for responses that are known now. Without a
// coding, Compress(0), it ends what is said around it.
//
// What a handler streams (sdk.ResponseStream) is encoded on its way, whatever its
// length, unless that is announced (OpenResponseSized): Flush sends what was
// written. Such a handler adds to the content by the writer alone once it writes.
// It does not hold where a function of Use streams.
//
// Do not compress content that has both a secret and something that another site
// can choose, such as a token in a page that shows a parameter of the query: the
// length would give the secret away, piece by piece (the attack BREACH).
func (r *Routes) Compress(minimum int64, codings ...string) {}

// A Route can be said more of.
type Route struct{ recorded *Recorded }

// OnLoop promises that no function of the route ever blocks, those of Use,
// Finish, Done, Errors and Recover included. It runs on the event loop.
func (r *Route) OnLoop() *Route {
	if r != nil {
		r.recorded.OnLoop = true
	}
	return r
}

// MaxBody bounds the content of the route's requests, in octets.
func (r *Route) MaxBody(octets int64) *Route { return r }

// Decode makes the content of the route's requests be decoded, as Routes.Decode
// does.
func (r *Route) Decode(octets int64, codings ...string) *Route { return r }

// Timeout bounds how long the functions of the route may take, as Routes.Timeout
// does.
func (r *Route) Timeout(d any) *Route { return r }

// Limit bounds how many requests to the route are in progress at once, as
// Routes.Limit does. Its line is behind the functions of Use.
func (r *Route) Limit(requests int64) *Route { return r }

// ETag gives the responses of the route an entity tag, as Routes.ETag does.
func (r *Route) ETag() *Route { return r }

// Compress encodes the content of the route's responses, as Routes.Compress does.
func (r *Route) Compress(minimum int64, codings ...string) *Route { return r }

// AllowBody lets a route of GET, HEAD or DELETE read the content of requests.
func (r *Route) AllowBody() *Route { return r }

// Status is the status of the response when the handler has returned without an
// error, from 200 to 399, such as 201 for what it made and 204 for nothing. It is
// 200 otherwise, or what the handler sets.
func (r *Route) Status(status int) *Route { return r }

// Fails names errors that functions of the route return, as Routes.Fails does.
func (r *Route) Fails(errors ...error) *Route { return r }

// A FilesRoute can be said more of.
type FilesRoute struct{ recorded *Recorded }

// CacheControl is the value of the field Cache-Control of every file, such as
// "public, max-age=31536000, immutable" for files whose names change with their
// content. Without it there is no such field.
func (r *FilesRoute) CacheControl(value string) *FilesRoute { return r }

// Precompressed sends app.js.br, app.js.zst or app.js.gz, where there is one, to
// clients that accept that coding (Accept-Encoding) in place of app.js. Of coded
// files several ranges are answered with all of it.
func (r *FilesRoute) Precompressed() *FilesRoute { return r }

// OnLoop serves embedded files on the event loop, from memory: each of them has
// 1 MiB at most. It promises that no function of Use, Finish, Done, Errors and
// Recover ever blocks.
func (r *FilesRoute) OnLoop() *FilesRoute {
	if r != nil {
		r.recorded.OnLoop = true
	}
	return r
}

// A Response is known when the declaration is read. It is rendered once and
// sent without running any function, when none applies to its route.
type Response struct{ status int }

// Status returns the status code.
func (r Response) Status() int { return r.status }

// Text is a response with text/plain content.
func Text(status int, text string) Response { return Response{status} }

// JSON is a response with application/json content. text is sent as it is, and
// has to be JSON.
func JSON(status int, text string) Response { return Response{status} }

// Content is a response with content of a media type, such as
// "application/problem+json" or "text/html; charset=utf-8".
func Content(status int, mediaType, text string) Response { return Response{status} }

// OpenAPI is a response with the app's OpenAPI document, as windhover openapi
// prints it. windhover generate writes it to openapi.json beside the generated
// file, which embeds it.
func OpenAPI() Response { return Response{200} }
