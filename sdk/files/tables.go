package files

import (
	"path"
	"slices"
	"strings"
)

// Unknown is the media type of files whose extension is not in the table: clients
// store them and do not guess what they are (X-Content-Type-Options).
const Unknown = "application/octet-stream"

// MediaType returns the media type of a file by the extension of its name,
// compared without case. The table is the same on every machine. What is text is
// taken for UTF-8.
func MediaType(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if i, ok := slices.BinarySearchFunc(mediaTypes[:], ext, func(t [2]string, ext string) int { return strings.Compare(t[0], ext) }); ok {
		return mediaTypes[i][1]
	}
	return Unknown
}

// mediaTypes is sorted by extension. It is read-only.
var mediaTypes = [...][2]string{
	{".7z", "application/x-7z-compressed"},
	{".aac", "audio/aac"},
	{".apng", "image/apng"},
	{".atom", "application/atom+xml"},
	{".avif", "image/avif"},
	{".bmp", "image/bmp"},
	{".br", "application/octet-stream"},
	{".bz2", "application/x-bzip2"},
	{".cjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".csv", "text/csv; charset=utf-8"},
	{".doc", "application/msword"},
	{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{".eot", "application/vnd.ms-fontobject"},
	{".epub", "application/epub+zip"},
	{".flac", "audio/flac"},
	{".gif", "image/gif"},
	{".gz", "application/gzip"},
	{".htm", "text/html; charset=utf-8"},
	{".html", "text/html; charset=utf-8"},
	{".ico", "image/x-icon"},
	{".ics", "text/calendar; charset=utf-8"},
	{".jpeg", "image/jpeg"},
	{".jpg", "image/jpeg"},
	{".js", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".jsonld", "application/ld+json"},
	{".jxl", "image/jxl"},
	{".m3u8", "application/vnd.apple.mpegurl"},
	{".m4a", "audio/mp4"},
	{".m4v", "video/mp4"},
	{".map", "application/json"},
	{".md", "text/markdown; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".mkv", "video/matroska"},
	{".mov", "video/quicktime"},
	{".mp3", "audio/mpeg"},
	{".mp4", "video/mp4"},
	{".mpd", "application/dash+xml"},
	{".mpeg", "video/mpeg"},
	{".odp", "application/vnd.oasis.opendocument.presentation"},
	{".ods", "application/vnd.oasis.opendocument.spreadsheet"},
	{".odt", "application/vnd.oasis.opendocument.text"},
	{".oga", "audio/ogg"},
	{".ogg", "audio/ogg"},
	{".ogv", "video/ogg"},
	{".opus", "audio/ogg"},
	{".otf", "font/otf"},
	{".pdf", "application/pdf"},
	{".png", "image/png"},
	{".ppt", "application/vnd.ms-powerpoint"},
	{".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{".rss", "application/rss+xml"},
	{".rtf", "application/rtf"},
	{".svg", "image/svg+xml"},
	{".tar", "application/x-tar"},
	{".tif", "image/tiff"},
	{".tiff", "image/tiff"},
	{".ts", "video/mp2t"},
	{".ttf", "font/ttf"},
	{".txt", "text/plain; charset=utf-8"},
	{".vtt", "text/vtt; charset=utf-8"},
	{".wasm", "application/wasm"},
	{".wav", "audio/wav"},
	{".weba", "audio/webm"},
	{".webm", "video/webm"},
	{".webmanifest", "application/manifest+json"},
	{".webp", "image/webp"},
	{".woff", "font/woff"},
	{".woff2", "font/woff2"},
	{".xhtml", "application/xhtml+xml"},
	{".xls", "application/vnd.ms-excel"},
	{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{".xml", "application/xml"},
	{".xz", "application/x-xz"},
	{".yaml", "application/yaml"},
	{".yml", "application/yaml"},
	{".zip", "application/zip"},
	{".zst", "application/zstd"},
}
