import{a}from"./chunk-PHWBLAUO.js";import"./chunk-7VQHWS4X.js";import"./chunk-VWPQEF5O.js";import"./chunk-IYWUY3VA.js";export{a as initialize};
